/* SPDX-License-Identifier: ISC */
#include "mail/mechanism.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct mechanism list[] = {
	{ "PLAINLY", MECHANISM_IN_PLAIN },
	{ "BOTH", MECHANISM_IN_PLAIN | MECHANISM_IN_TLS },
	{ "HIDDEN", MECHANISM_IN_TLS },
	{ "EXTERNAL", MECHANISM_IN_TLS | MECHANISM_WITH_CERTIFICATE },
	{ "NEVER", 0 },
	{ NULL, 0 },
};

static void test_find(void **state)
{
	static const struct {
		const char *name;
		const struct mechanism *found;
	} rows[] = {
		{ "BOTH", &list[1] },  { "both", &list[1] }, { "External", &list[3] },
		{ "BOT", NULL },       { "BOTHX", NULL },    { "", NULL },
		{ "NEVER", &list[4] },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_ptr_equal(mechanism_find(list, span_text(rows[i].name)), rows[i].found);
		assert_null(mechanism_find(NULL, span_text(rows[i].name)));
	}
	assert_null(mechanism_find(list, (struct span){ NULL, 0 }));
}

static void test_names(void **state)
{
	static const struct {
		bool tls, certificate;
		const char *names;
	} rows[] = {
		{ false, false, "<PLAINLY><BOTH>" },
		{ false, true, "<PLAINLY><BOTH>" },
		{ true, false, "<BOTH><HIDDEN>" },
		{ true, true, "<BOTH><HIDDEN><EXTERNAL>" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mechanism_session session = { rows[i].tls, rows[i].certificate };
		struct buffer names = BUFFER_EMPTY;

		mechanism_add_names(&names, NULL, session, "<", ">");
		assert_int_equal(buffer_used(&names), 0);
		mechanism_add_names(&names, list, session, "<", ">");
		assert_true(span_is(buffer_span(&names), rows[i].names));
		for (const struct mechanism *at = list; at->name != NULL; at++)
			assert_int_equal(mechanism_usable(at, session),
					 strstr(rows[i].names, at->name) != NULL);
		buffer_clear(&names);
	}
}

static void test_challenge(void **state)
{
	static const struct {
		const char *prefix;
		struct span token;
		const char *line;
	} rows[] = {
		{ "334 ", { "foobar", 6 }, "334 Zm9vYmFy\r\n" },
		{ "+ ", { "f\0o", 3 }, "+ ZgBv\r\n" },
		{ "+ ", { "fo", 2 }, "+ Zm8=\r\n" },
		{ "334 ", { NULL, 0 }, "334 \r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *line = mechanism_challenge(rows[i].prefix, rows[i].token);

		assert_string_equal(line, rows[i].line);
		free(line);
	}
}

static void test_decode(void **state)
{
	static const struct {
		const char *text;
		struct span decoded; /* at NULL: none */
	} rows[] = {
		{ "Zm9vYmFy", { "foobar", 6 } },
		{ "ZgBv", { "f\0o", 3 } },
		{ "Zm8=", { "fo", 2 } },
		{ "", { "", 0 } },
		{ "=", { NULL, 0 } },
		{ "Zm9", { NULL, 0 } },
		{ "Zm9vYm=y", { NULL, 0 } },
		{ "Zm9v*A==", { NULL, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t length = 77;
		char *decoded = mechanism_decode(span_text(rows[i].text), &length);

		assert_int_equal(length, rows[i].decoded.length);
		assert_int_equal(decoded != NULL, rows[i].decoded.at != NULL);
		if (decoded != NULL)
			assert_memory_equal(decoded, rows[i].decoded.at, length + 1);
		mechanism_wipe(decoded, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_challenge),
		cmocka_unit_test(test_decode),
	};

	return cmocka_run_group_tests_name("mechanism", tests, NULL, NULL);
}
