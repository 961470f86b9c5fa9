/* SPDX-License-Identifier: ISC */
#include "store/maildirsize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void texts(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t quota_octets, quota_messages, octets, messages;
	} rows[] = {
		{ "1000S\n", true, 1000, 0, 0, 0 },
		{ "1000S,5C\n10 1\n", true, 1000, 5, 10, 1 },
		{ "5C,1000S\n10 1\n-10 -1\n", true, 1000, 5, 0, 0 },
		{ "1000S,0C\n10 1\n20 2\n", true, 1000, 0, 30, 3 },
		/* Courier pads its lines to 14 octets. */
		{ "1000S\n         10 1\n       20   2 \n", true, 1000, 0, 30, 3 },
		{ "1000S\n-5 0\n10 1\n", true, 1000, 0, 5, 1 },
		{ "1000S\n0 0\n", true, 1000, 0, 0, 0 },
		{ "", false, 0, 0, 0, 0 },
		{ "\n", false, 0, 0, 0, 0 },
		{ "1000\n", false, 0, 0, 0, 0 },
		{ "S\n", false, 0, 0, 0, 0 },
		{ "1000S,2000S\n", false, 0, 0, 0, 0 },
		{ "1000X\n", false, 0, 0, 0, 0 },
		{ "1000S\n10 1", false, 0, 0, 0, 0 },
		{ "1000S\n10\n", false, 0, 0, 0, 0 },
		{ "1000S\n10 1 1\n", false, 0, 0, 0, 0 },
		{ "1000S\n10-1\n", false, 0, 0, 0, 0 },
		{ "1000S\n--10 1\n", false, 0, 0, 0, 0 },
		{ "1000S\n\n10 1\n", false, 0, 0, 0, 0 },
		{ "1000S\n10 1\n-20 -1\n", false, 0, 0, 0, 0 },
		{ "1000S\n10 1\n0 -2\n", false, 0, 0, 0, 0 },
		{ "1000S\n9223372036854775807 1\n1 1\n", false, 0, 0, 0, 0 },
		{ "1000S\n9223372036854775808 1\n", false, 0, 0, 0, 0 },
		{ "99999999999999999999S\n", false, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct maildirsize sizes;

		if (maildirsize_parse(span_text(rows[i].text), &sizes) != rows[i].good)
			fail_msg("row %zu", i);
		if (!rows[i].good)
			continue;
		assert_int_equal(sizes.quota_octets, rows[i].quota_octets);
		assert_int_equal(sizes.quota_messages, rows[i].quota_messages);
		assert_int_equal(sizes.octets, rows[i].octets);
		assert_int_equal(sizes.messages, rows[i].messages);
	}
}

/* A file whose last block did not reach the disk ends in zeros. */
static void zeros(void **state)
{
	struct maildirsize sizes;

	(void)state;
	assert_false(maildirsize_parse(span_make("1000S\n10 1\n\0\0\0\n", 15), &sizes));
	assert_false(maildirsize_parse(span_make("\0\0\0\0", 4), &sizes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
