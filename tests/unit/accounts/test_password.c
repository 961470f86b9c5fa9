/* SPDX-License-Identifier: ISC */
#include "accounts/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

static void sets_and_checks(void **state)
{
	struct mailbox_file file = { .id = "cb1838e789013cbb44f1fecb7f709956" }, other;
	char text[MAILBOX_FILE_MAX];
	const char *why;
	size_t length;

	(void)state;
	assert_true(password_set(&file, span_text("Correct horse 1")));
	assert_memory_equal(file.verifier, "$y$", 3);
	assert_true(file.has_scram && file.password_set > 0);
	assert_true(password_is(&file, span_text("Correct horse 1")));
	assert_false(password_is(&file, span_text("Correct horse 2")));
	assert_false(password_is(&file, span_text("")));
	assert_false(password_is(&file, span_make("Correct horse 1\0", 16)));
	other = file;
	assert_true(password_set(&other, span_text("Correct horse 1")));
	assert_string_not_equal(file.verifier, other.verifier); /* salted */
	assert_memory_not_equal(file.scram.stored_key, other.scram.stored_key, SCRAM_KEY_SIZE);
	length = mailbox_file_print(&file, text, sizeof text);
	assert_true(length > 0);
	assert_null(memmem(text, length, "Correct", 7));
	assert_true(mailbox_file_parse(span_make(text, length), &other, &why));
	assert_true(password_is(&other, span_text("Correct horse 1")));
}

/* The keys a client derives from the same password (RFC 5802 section 3). */
static void scram_keys_are_the_passwords(void **state)
{
	struct mailbox_file file = { .id = "" };
	struct scram_keys keys;

	(void)state;
	assert_true(password_set(&file, span_text("Correct horse 1")));
	keys = file.scram;
	scram_keys_derive(&keys, span_text("Correct horse 1"));
	assert_memory_equal(keys.stored_key, file.scram.stored_key, SCRAM_KEY_SIZE);
	assert_true(keys.iterations >= SCRAM_ITERATIONS_MIN);
}

/* RFC 8265 section 4.2: composed and decomposed are one password; so are spaces of all kinds. */
static void normalizes(void **state)
{
	struct mailbox_file file = { .id = "" };

	(void)state;
	assert_true(password_set(&file, span_text("f\xc3\xbcnf Tannen")));
	assert_true(password_is(&file, span_text("fu\xcc\x88nf Tannen")));
	assert_true(password_is(&file, span_text("f\xc3\xbcnf\xc2\xa0Tannen")));
	assert_false(password_is(&file, span_text("F\xc3\xbcnf Tannen")));
	assert_false(password_set(&file, span_text("bad\xff octets")));
	assert_false(password_set(&file, span_text("")));
	assert_false(password_set(&file, span_text("tab\tinside")));
}

static void nobody_gets_in_without_a_verifier(void **state)
{
	struct mailbox_file file = { .id = "" };

	(void)state;
	assert_false(password_is(&file, span_text("x")));
	assert_false(password_is(
		&file, span_text("xxxxxxxxxxxxxxxxxxxx"))); /* of the one that takes the time */
	strcpy(file.verifier, "$y$broken");
	assert_false(password_is(&file, span_text("x")));
	strcpy(file.verifier, "*0");
	assert_false(password_is(&file, span_text("x")));
}

static void minimum_checks(void **state)
{
	static const struct {
		const char *password;
		bool good;
	} cases[] = {
		{ "Correct horse", true },
		{ "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xa4", false },
		{ "12345678", true },
		{ "1234567", false },
		{ "", false },
		{ "aaaaaaaaaaaa", false },
		{ "alice.smith", false },
		{ "Alice.Smith@corp.example", false },
		{ "alice.smith7", true },
		{ "caf\xc3\xa9 au lait", true },
		{ "bell\a bell bell", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *why = password_wrong(span_text(cases[i].password),
						 span_text("alice.smith@corp.example"));

		if (!why != cases[i].good)
			fail_msg("%s: %s", cases[i].password, why ? why : "taken");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_and_checks),
		cmocka_unit_test(scram_keys_are_the_passwords),
		cmocka_unit_test(normalizes),
		cmocka_unit_test(nobody_gets_in_without_a_verifier),
		cmocka_unit_test(minimum_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
