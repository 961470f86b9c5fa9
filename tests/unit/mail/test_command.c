/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "mail/command.h"

struct line {
	const char *text, *verb, *argument;
};

static const struct line lines[] = {
	{ "", "", "" },
	{ "   ", "", "" },
	{ "QUIT", "QUIT", "" },
	{ "QUIT  ", "QUIT", "" },
	{ "  noop x", "noop", "x" },
	{ "MAIL FROM:<a@b> SIZE=1 ", "MAIL", "FROM:<a@b> SIZE=1" },
	{ "EHLO   a  b ", "EHLO", "a  b" },
	{ "MAIL\xc3\xbc x", "MAIL\xc3\xbc", "x" },
};

static void test_split(void **state)
{
	struct command command;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_true(command_split(span_text(lines[i].text), &command));
		assert_true(span_is(command.verb, lines[i].verb));
		assert_true(span_is(command.argument, lines[i].argument));
	}
	for (int c = 0; c < 256; c++) {
		char text[] = { 'N', (char)c, ' ', 'x' };

		assert_int_equal(command_split(span_make(text, 4), &command), c >= 32 && c != 127);
	}
}

/* "keyword|value;" for each, "!" where the grammar is broken. */
struct parameters {
	const char *text, *want;
};

static const struct parameters parameters[] = {
	{ "", "" },
	{ "  ", "" },
	{ " SIZE=1", "SIZE|1;" },
	{ " SIZE=1   BODY=8BITMIME X-y", "SIZE|1;BODY|8BITMIME;X-y;" },
	{ " AUTH=<>", "AUTH|<>;" },
	{ " A=\xc3\xbc", "A|\xc3\xbc;" },
	{ "SIZE=1", "!" },
	{ " SIZE=", "!" },
	{ " =1", "!" },
	{ " -A=1", "!" },
	{ " A_B=1", "!" },
	{ " A=1=2", "!" },
	{ " A=1\t", "!" },
	{ " A=\xfc", "!" },
	{ " A=1 B=", "A|1;!" },
};

static void test_parameters(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		struct span rest = span_text(parameters[i].text);
		struct command_parameter parameter;
		char have[100] = "";
		size_t used = 0;
		bool good;

		while ((good = command_next_parameter(&rest, &parameter)) &&
		       parameter.keyword.length > 0)
			used += (size_t)snprintf(
				have + used, sizeof(have) - used, "%.*s%s%.*s;",
				(int)parameter.keyword.length, parameter.keyword.at,
				parameter.has_value ? "|" : "", (int)parameter.value.length,
				parameter.has_value ? parameter.value.at : "");
		if (!good)
			snprintf(have + used, sizeof(have) - used, "!");
		assert_string_equal(have, parameters[i].want);
	}
}

static void test_xtext(void **state)
{
	static const char *const good[] = { "a", "a+2Bb", "+20", "~", "<a>;\"'" };
	static const char *const bad[] = { "",    " ",   "a b", "+",    "+2", "a+2b",     "+GG",
					   "a=b", "+0A", "+7F", "\177", "\n", "\xc3\xbc", "+C3" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(xtext_valid(span_text(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(xtext_valid(span_text(bad[i])));
}

struct orcpt {
	const char *text;
	bool ascii, utf8; /* valid without and with SMTPUTF8 */
};

static const struct orcpt orcpts[] = {
	{ "rfc822;a@b", true, true },
	{ "RFC822;a+2Bx@b", true, true },
	{ "x-400;whatever", true, true },
	{ "rfc822;", false, false },
	{ ";a@b", false, false },
	{ "rfc822", false, false },
	{ "", false, false },
	{ "rfc822;\xc3\xbc@b", false, false },
	{ "utf-8;a@b", true, true },
	{ "UTF-8;\\x{FC}@b", true, true },
	{ "utf-8;\\x{10FFFF}", true, true },
	{ "utf-8;\xc3\xbc@b", false, true },
	{ "utf-8;\xfc@b", false, false },
	{ "utf-8;\\x{F}@b", false, false },
	{ "utf-8;\\x{FC", false, false },
	{ "utf-8;\\x{fc}", false, false },
	{ "utf-8;\\x{1234567}", false, false },
	{ "utf-8;\\y", false, false },
	{ "utf-8;a+2B", false, false },
	{ "utf-8;", false, false },
};

static void test_orcpt(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(orcpts) / sizeof(orcpts[0]); i++) {
		struct span text = span_text(orcpts[i].text);

		if (orcpt_valid(text, false) != orcpts[i].ascii ||
		    orcpt_valid(text, true) != orcpts[i].utf8)
			fail_msg("%s", orcpts[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_xtext),
		cmocka_unit_test(test_orcpt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
