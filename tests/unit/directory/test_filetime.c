/* SPDX-License-Identifier: ISC */
#include "directory/filetime.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void parses(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} cases[] = {
		{ "0", true, 0 },
		{ "133500000000000000", true, 133500000000000000 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "-18000000000", true, -18000000000 },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "", false, 0 },
		{ "-", false, 0 },
		{ "--1", false, 0 },
		{ " 1", false, 0 },
		{ "1x", false, 0 },
		{ "never", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t value = 0;

		assert_int_equal(filetime_parse(span_text(cases[i].text), &value), cases[i].good);
		assert_true(value == cases[i].value);
	}
}

static void converts(void **state)
{
	(void)state;
	assert_true(filetime_unix(0) == FILETIME_NEVER);
	assert_true(filetime_unix(INT64_MAX) == FILETIME_NEVER);
	assert_true(filetime_unix(-5) == FILETIME_NEVER);
	assert_int_equal(filetime_unix(116444736000000000), 0);
	assert_int_equal(filetime_unix(130000000000000000), 1355526400);
	assert_true(filetime_unix(10000000) == -11644473599);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(converts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
