/* SPDX-License-Identifier: ISC */
#include "command/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void quotes(void **state)
{
	static const struct {
		struct span text;
		const char *json;
	} cases[] = {
		{ { "", 0 }, "\"\"" },
		{ { "plain", 5 }, "\"plain\"" },
		{ { "CORP\\alice \"x\"", 14 }, "\"CORP\\\\alice \\\"x\\\"\"" },
		{ { "a\nb\t\0c", 6 }, "\"a\\u000ab\\u0009\\u0000c\"" },
		{ { "b\xc3\xb6"
		    "b",
		    4 },
		  "\"b\xc3\xb6"
		  "b\"" },
		{ { "b\xf6"
		    "b",
		    3 },
		  "\"b\\u00f6b\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = NULL;
		size_t length;
		FILE *to = open_memstream(&text, &length);

		json_text(to, cases[i].text);
		fclose(to);
		assert_string_equal(text, cases[i].json);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(quotes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
