/* SPDX-License-Identifier: ISC */
#include "command/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char answer[] = "asked by\tthe running gateway\n"
			     "recipient/asked\ta@corp.example\n"
			     "recipient/filter\t(mail=a\\2a)\n"
			     "relaying[]\tone: no\n"
			     "next hop[]\tone: \"x\"\n"
			     "relaying[]\ttwo: yes\n"
			     "a line without a value\n"
			     "RCPT\t250 2.1.5 Recipient ok\n";

static char *print(void (*how)(FILE *to, struct span lines), const char *lines)
{
	size_t size;
	char *text = NULL;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	how(to, span_text(lines));
	assert_int_equal(fclose(to), 0);
	return text;
}

static void prints(void **state)
{
	static const struct {
		void (*how)(FILE *to, struct span lines);
		const char *lines, *wanted;
	} cases[] = {
		{ explain_print_json, answer,
		  "{\n"
		  "  \"asked by\": \"the running gateway\",\n"
		  "  \"recipient\": [{\"asked\": \"a@corp.example\"},\n"
		  "    {\"filter\": \"(mail=a\\\\2a)\"}],\n"
		  "  \"relaying\": [\"one: no\",\n"
		  "    \"two: yes\"],\n"
		  "  \"next hop\": [\"one: \\\"x\\\"\"],\n"
		  "  \"RCPT\": \"250 2.1.5 Recipient ok\"\n"
		  "}\n" },
		{ explain_print_json, "", "{\n}\n" },
		/* A member stands once, whatever an answer repeats. */
		{ explain_print_json, "a\tone\na\ttwo\n", "{\n  \"a\": \"one\"\n}\n" },
		{ explain_print_text, answer,
		  "asked by                           the running gateway\n"
		  "recipient:\n"
		  "  asked                            a@corp.example\n"
		  "  filter                           (mail=a\\2a)\n"
		  "relaying                           one: no\n"
		  "next hop                           one: \"x\"\n"
		  "relaying                           two: yes\n"
		  "RCPT                               250 2.1.5 Recipient ok\n" },
		{ explain_print_text, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *text = print(cases[i].how, cases[i].lines);

		assert_string_equal(text, cases[i].wanted);
		free(text);
	}
}

static void finds_values(void **state)
{
	(void)state;
	assert_true(span_is(explain_value(span_text(answer), "RCPT"), "250 2.1.5 Recipient ok"));
	assert_true(span_is(explain_value(span_text(answer), "relaying[]"), "one: no"));
	assert_null(explain_value(span_text(answer), "MAIL").at);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(prints),
					    cmocka_unit_test(finds_values) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
