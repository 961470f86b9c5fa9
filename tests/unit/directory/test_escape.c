/* SPDX-License-Identifier: ISC */
#include "directory/escape.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/buffer.h"

static void escapes(void **state)
{
	static const struct {
		const char *value;
		size_t length;
		const char *escaped;
	} cases[] = {
		{ "alice@corp.example", 18, "alice@corp.example" },
		{ "", 0, "" },
		{ "*", 1, "\\2a" },
		{ "a)(uid=*", 8, "a\\29\\28uid=\\2a" },
		{ "back\\slash", 10, "back\\5cslash" },
		{ "nul\0nul", 7, "nul\\00nul" },
		{ "space here", 10, "space\\20here" },
		{ "\xc3\xa9", 2, "\\c3\\a9" },
		{ "\x7f\x01\n", 3, "\\7f\\01\\0a" },
		{ "a+b&c|d!e=f~g<h>i", 17, "a+b&c|d!e=f~g<h>i" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer to = BUFFER_EMPTY;

		escape_filter_value(&to, span_make(cases[i].value, cases[i].length));
		assert_true(span_is(buffer_span(&to), cases[i].escaped));
		buffer_clear(&to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(escapes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
