/* SPDX-License-Identifier: ISC */
#include "accounts/mailbox_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

#define ID   "id cb1838e789013cbb44f1fecb7f709956\n"
#define HASH "password $y$j9T$oAT74rXFsa08Kepy5ETKH1$.FnXAT9l4Qr.aA3fi1N1dpiR3x4dxjo.uiHfoRN9sW9\n"
#define SCRAM                                                                                      \
	"scram-sha-256 "                                                                           \
	"4096:W22ZaJ0SNY7soEsUEjb6gQ==:WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"              \
	"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=\n"
#define HEAD "postern-mailbox 1\n"

static void reads_and_writes(void **state)
{
	static const char text[] =
		HEAD ID "state locked\nquota 1048576\n" HASH SCRAM "password-set 17000\n";
	struct mailbox_file file;
	char again[MAILBOX_FILE_MAX];
	const char *why;
	size_t length;

	(void)state;
	assert_true(mailbox_file_parse(span_text(text), &file, &why));
	assert_string_equal(file.id, "cb1838e789013cbb44f1fecb7f709956");
	assert_true(file.locked && file.has_quota && file.has_scram);
	assert_int_equal(file.quota, 1048576);
	assert_int_equal(file.password_set, 17000);
	assert_int_equal(file.scram.iterations, 4096);
	assert_memory_equal(file.verifier, "$y$j9T$", 7);
	length = mailbox_file_print(&file, again, sizeof again);
	assert_int_equal(length, strlen(text));
	assert_memory_equal(again, text, length);
	for (size_t size = 0; size < length; size++)
		assert_int_equal(mailbox_file_print(&file, again, size), 0);
}

static void refuses(void **state)
{
	static const char *const cases[] = {
		"",
		HEAD "\n",
		"postern-mailbox 2\n",
		" " HEAD,
		"postern-mailbox 1",
		HEAD "state open",
		HEAD "state",
		HEAD "state shut\n",
		HEAD "state open\nstate open\n",
		HEAD "id 12\n",
		HEAD "id CB1838E789013CBB44F1FECB7F709956\n",
		HEAD "quota -1\n",
		HEAD "quota 9223372036854775808\n",
		HEAD "quota 1M\n",
		HEAD "password \n",
		HEAD "password secret\n",
		HEAD "password $y$a b\n",
		HEAD "password $y$a:b\n",
		HEAD "scram-sha-256 1:2:3:4\n",
		HEAD "password-set x\n",
		HEAD "colour red\n",
		HEAD "state open\r\n",
		HEAD "\nstate open\n",
	};
	struct mailbox_file file;
	char *large = memory_new(MAILBOX_FILE_MAX + 2);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *why = NULL;

		if (mailbox_file_parse(span_text(cases[i]), &file, &why))
			fail_msg("%s", cases[i]);
		assert_non_null(why);
	}
	memset(large, '\n', MAILBOX_FILE_MAX + 1);
	memcpy(large, HEAD, strlen(HEAD));
	const char *why = NULL;
	assert_false(mailbox_file_parse(span_text(large), &file, &why));
	free(large);
}

static void names(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} cases[] = {
		{ "alice", true },
		{ "a.b-c_d+e=f'g~h", true },
		{ "0", true },
		{ "", false },
		{ ".alice", false },
		{ "Alice", false },
		{ "a/b", false },
		{ "a b", false },
		{ "\xc3\xa4", false },
		{ "a%2fb", false },
		{ "..", false },
		{ "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234", true },
		{ "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff12345", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (mailbox_name_valid(span_text(cases[i].name)) != cases[i].valid)
			fail_msg("%s", cases[i].name);
	assert_false(mailbox_name_valid(span_make("a\0b", 3)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes),
		cmocka_unit_test(refuses),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
