/* SPDX-License-Identifier: ISC */
#include "directory/quota.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define KIB UINT64_C(1024)

static void parses(void **state)
{
	static const struct {
		const char *text;
		uint64_t unit;
		enum quota_kind kind;
		uint64_t octets;
	} cases[] = {
		{ "262144", 1, QUOTA_LIMIT, 262144 },
		{ "256", 1024, QUOTA_LIMIT, 256 * KIB },
		{ " 256 ", 1024, QUOTA_LIMIT, 256 * KIB },
		{ "10K", 1, QUOTA_LIMIT, 10 * KIB },
		{ "10k", 1, QUOTA_LIMIT, 10 * KIB },
		{ "10KB", 1, QUOTA_LIMIT, 10 * KIB },
		{ "10KiB", 7, QUOTA_LIMIT, 10 * KIB },
		{ "10 MB", 1, QUOTA_LIMIT, 10 * KIB * KIB },
		{ "2G", 1, QUOTA_LIMIT, 2 * KIB * KIB * KIB },
		{ "1TiB", 1, QUOTA_LIMIT, KIB * KIB * KIB * KIB },
		{ "99B", 1024, QUOTA_LIMIT, 99 },
		{ "0", 1, QUOTA_LIMIT, 1 },
		{ "none", 1, QUOTA_NONE, 0 },
		{ "NONE", 1, QUOTA_NONE, 0 },
		{ "-1", 1, QUOTA_NONE, 0 },
		{ "default", 1, QUOTA_DEFAULT, 0 },
		{ "*:storage=100M", 1, QUOTA_LIMIT, 100 * KIB * KIB },
		{ "*:storage=100", 1, QUOTA_LIMIT, 100 * KIB },
		{ "*:messages=9:storage=1G", 1, QUOTA_LIMIT, KIB * KIB * KIB },
		{ "*:messages=9", 1, QUOTA_UNREADABLE, 0 },
		{ "", 1, QUOTA_UNREADABLE, 0 },
		{ "-2", 1, QUOTA_UNREADABLE, 0 },
		{ "lots", 1, QUOTA_UNREADABLE, 0 },
		{ "10X", 1, QUOTA_UNREADABLE, 0 },
		{ "10KBB", 1, QUOTA_UNREADABLE, 0 },
		{ "1.5G", 1, QUOTA_UNREADABLE, 0 },
		{ "18446744073709551616", 1, QUOTA_UNREADABLE, 0 },
		{ "18446744073709551615", 1024, QUOTA_UNREADABLE, 0 },
		{ "99999999999T", 1, QUOTA_UNREADABLE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct quota quota = quota_parse(span_text(cases[i].text), cases[i].unit);

		assert_int_equal(quota.kind, cases[i].kind);
		assert_int_equal(quota.octets, cases[i].octets);
	}
}

static void falls_back(void **state)
{
	(void)state;
	assert_int_equal(quota_octets((struct quota){ QUOTA_ABSENT, 0 }, 77), 77);
	assert_int_equal(quota_octets((struct quota){ QUOTA_DEFAULT, 0 }, 77), 77);
	/* Never "no limit" by mistake. */
	assert_int_equal(quota_octets((struct quota){ QUOTA_UNREADABLE, 0 }, 77), 77);
	assert_int_equal(quota_octets((struct quota){ QUOTA_NONE, 0 }, 77), 0);
	assert_int_equal(quota_octets((struct quota){ QUOTA_LIMIT, 5 }, 77), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(falls_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
