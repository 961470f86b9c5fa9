/* SPDX-License-Identifier: ISC */
#include "directory/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void opens_with_growing_pauses(void **state)
{
	struct breaker breaker = { 0 };
	int64_t now = 1000, pause = 0;

	(void)state;
	assert_true(breaker_admits(&breaker, now));
	assert_true(breaker_failed(&breaker, "refused", now));
	assert_false(breaker_admits(&breaker, now));
	assert_true(breaker_admits(&breaker, now + 500));
	assert_false(breaker_failed(&breaker, "refused", now));
	assert_true(breaker_failed(&breaker, "frozen", now));
	for (int i = 0; i < 40; i++) {
		breaker_failed(&breaker, "frozen", now);
		assert_true(breaker.retry - now >= pause);
		pause = breaker.retry - now;
	}
	/* It must be found again soon after it comes back. */
	assert_true(pause <= 5000);
	assert_true(breaker_succeeded(&breaker));
	assert_false(breaker_succeeded(&breaker));
	assert_true(breaker_admits(&breaker, 0));
	assert_string_equal(breaker.reason, "");
}

static void one_probe_at_a_time(void **state)
{
	struct breaker breaker = { 0 };

	(void)state;
	breaker_enter(&breaker, 0, 1000);
	assert_int_equal(breaker.state, BREAKER_CLOSED);
	breaker_failed(&breaker, "x", 0);
	assert_int_equal(breaker.state, BREAKER_OPEN);
	assert_true(breaker_admits(&breaker, 500));
	breaker_enter(&breaker, 500, 1000);
	assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
	assert_false(breaker_admits(&breaker, 1499));
	/* Whoever went was never heard of again. */
	assert_true(breaker_admits(&breaker, 1500));
	assert_false(breaker_failed(&breaker, "x", 600));
	assert_int_equal(breaker.state, BREAKER_OPEN);
	assert_int_equal(breaker.retry, 1600);
	breaker_enter(&breaker, 1600, 1000);
	assert_true(breaker_succeeded(&breaker));
	assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void tolerates(void **state)
{
	struct breaker breaker = { .tolerance = 2 };

	(void)state;
	assert_false(breaker_failed(&breaker, "slow", 0));
	assert_false(breaker_failed(&breaker, "slow", 0));
	assert_int_equal(breaker.state, BREAKER_CLOSED);
	assert_string_equal(breaker.reason, "slow");
	assert_false(breaker_succeeded(&breaker));
	assert_false(breaker_failed(&breaker, "slow", 0));
	assert_false(breaker_failed(&breaker, "slow", 0));
	assert_true(breaker_failed(&breaker, "slow", 0));
	assert_int_equal(breaker.retry, 500);
	assert_false(breaker_admits(&breaker, 0));
}

static void has_names(void **state)
{
	(void)state;
	assert_string_equal(breaker_state_name(BREAKER_CLOSED), "up");
	assert_string_equal(breaker_state_name(BREAKER_OPEN), "down");
	assert_string_equal(breaker_state_name(BREAKER_HALF_OPEN), "probed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_with_growing_pauses),
		cmocka_unit_test(one_probe_at_a_time),
		cmocka_unit_test(tolerates),
		cmocka_unit_test(has_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
