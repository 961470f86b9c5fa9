/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mail/reply.h"

static void test_lines(void **state)
{
	static const struct {
		const char *line;
		unsigned code; /* 0 = no reply */
		bool last;
		const char *text;
	} cases[] = {
		{ "250 ok", 250, true, "ok" },
		{ "250-ok", 250, false, "ok" },
		{ "250", 250, true, "" },
		{ "250 ", 250, true, "" },
		{ "250-", 250, false, "" },
		{ "250\tok", 250, true, "ok" },
		{ "250ok", 250, true, "ok" },
		{ "250  ok", 250, true, " ok" },
		{ "250--ok", 250, false, "-ok" },
		{ "599 5.1.1 no", 599, true, "5.1.1 no" },
		{ "334 bWFp", 334, true, "bWFp" },
		{ "199 early", 0, false, NULL },
		{ "600 late", 0, false, NULL },
		{ "2500 ok", 0, false, NULL },
		{ "25 ok", 0, false, NULL },
		{ "25", 0, false, NULL },
		{ "", 0, false, NULL },
		{ " 250 ok", 0, false, NULL },
		{ "25x ok", 0, false, NULL },
		{ "SSH-2.0-x", 0, false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply_line parsed;
		bool good = reply_parse_line(span_text(cases[i].line), &parsed);

		assert_int_equal(good, cases[i].code != 0);
		if (!good)
			continue;
		assert_int_equal(parsed.code, cases[i].code);
		assert_int_equal(parsed.last, cases[i].last);
		assert_true(span_is(parsed.text, cases[i].text));
	}
}

static void test_controls_are_left(void **state)
{
	struct reply_line parsed;

	(void)state;
	assert_true(reply_parse_line(span_make("250 a\0b", 7), &parsed));
	assert_true(span_equal(parsed.text, span_make("a\0b", 3)));
}

static void test_status(void **state)
{
	static const struct {
		const char *text;
		unsigned code;
		size_t length;
	} cases[] = {
		{ "5.1.1 no", 550, 5 },    { "5.1.1", 550, 5 },     { "5.100.255 no", 550, 9 },
		{ "2.0.0\tok", 250, 5 },   { "4.1.1 no", 550, 0 },  { "5.1.1no", 550, 0 },
		{ "5.1000.1 no", 550, 0 }, { "5.1 no", 550, 0 },    { "5.1. no", 550, 0 },
		{ "5..1 no", 550, 0 },     { "5", 550, 0 },         { "", 550, 0 },
		{ "5.1.1.1 no", 550, 0 },  { "55.1.1 no", 550, 0 }, { " 5.1.1 no", 550, 0 },
		{ "5.1.1234 no", 550, 0 }, { "5-1-1 no", 550, 0 },  { "5.1.", 550, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(reply_status(span_text(cases[i].text), cases[i].code),
				 cases[i].length);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_controls_are_left),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
