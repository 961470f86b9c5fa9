/* SPDX-License-Identifier: ISC */
#include "directory/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void reads_ranges(void **state)
{
	static const struct {
		const char *description;
		bool sound;
		struct range range;
	} cases[] = {
		{ "member", true, { 6, false, 0, 0 } },
		{ "member;binary", true, { 13, false, 0, 0 } },
		{ "member;range=0-1499", true, { 6, true, 0, 1500 } },
		{ "member;Range=1500-2999", true, { 6, true, 1500, 3000 } },
		{ "member;range=3000-*", true, { 6, true, 3000, 0 } },
		{ "member;range=0-*", true, { 6, true, 0, 0 } },
		{ "member;range=0-0", true, { 6, true, 0, 1 } },
		{ "member;range=", false, { 0 } },
		{ "member;range=5", false, { 0 } },
		{ "member;range=*-5", false, { 0 } },
		{ "member;range=9-5", false, { 0 } },
		{ "member;range=0-", false, { 0 } },
		{ "member;range=0-5x", false, { 0 } },
		{ "member;range=-1-5", false, { 0 } },
		{ "member;range=0-99999999999999999999", false, { 0 } },
		{ "member;range=0-18446744073709551615", false, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct range range;

		assert_int_equal(range_parse(cases[i].description, &range), cases[i].sound);
		if (!cases[i].sound)
			continue;
		assert_int_equal(range.name, cases[i].range.name);
		assert_int_equal(range.given, cases[i].range.given);
		assert_int_equal(range.first, cases[i].range.first);
		assert_int_equal(range.next, cases[i].range.next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads_ranges) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
