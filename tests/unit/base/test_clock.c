/* SPDX-License-Identifier: ISC */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static void dates(void **state)
{
	static const struct {
		const char *zone;
		int64_t seconds;
		const char *text;
	} rows[] = {
		{ "UTC0", 0, "Thu, 1 Jan 1970 00:00:00 +0000" },
		{ "UTC0", 1795298400, "Sat, 21 Nov 2026 22:00:00 +0000" },
		{ "UTC0", 951782400, "Tue, 29 Feb 2000 00:00:00 +0000" },
		{ "UTC0", 4102444799, "Thu, 31 Dec 2099 23:59:59 +0000" },
		{ "<+0530>-5:30", 0, "Thu, 1 Jan 1970 05:30:00 +0530" },
		{ "<-0330>3:30", 0, "Wed, 31 Dec 1969 20:30:00 -0330" },
		/* POSIX zones need no data base: central Europe in summer and winter. */
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 1782900000, "Wed, 1 Jul 2026 12:00:00 +0200" },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 1795298400, "Sat, 21 Nov 2026 23:00:00 +0100" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[CLOCK_RFC5322_SIZE];

		setenv("TZ", rows[i].zone, 1);
		tzset();
		clock_rfc5322(rows[i].seconds, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void forward(void **state)
{
	int64_t before = clock_ms();
	struct timespec pause = { 0, 3000000 };
	int64_t earliest, between, latest;

	(void)state;
	nanosleep(&pause, NULL);
	assert_true(clock_ms() >= before + 2);
	earliest = time(NULL);
	between = clock_unix();
	latest = time(NULL);
	/* time() may lag behind the clock by a tick. */
	assert_in_range(between, earliest, latest + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates),
		cmocka_unit_test(forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
