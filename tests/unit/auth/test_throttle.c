/* SPDX-License-Identifier: ISC */
#include "auth/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* Names share 64 bits: so many different ones that enough of them do not. */
static int64_t spray(struct throttle *throttle, const char *client, int count, int64_t now)
{
	int64_t last = 0;

	for (int i = 0; i < count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "victim-%d", i);
		last = throttle_failed(throttle, client, name, now);
	}
	return last;
}

static void slows_spraying_only_there(void **state)
{
	struct throttle *throttle = throttle_new();
	int64_t now = 1000000;

	(void)state;
	assert_int_equal(spray(throttle, "192.0.2.1", 10, now), 0);
	assert_true(spray(throttle, "192.0.2.1", 200, now) > THROTTLE_GAP_MS);
	assert_int_equal(throttle_failed(throttle, "192.0.2.2", "victim-1", now), 0);
	assert_int_equal(throttle_look(throttle, "192.0.2.2", now).wait, 0);
	throttle_free(throttle);
}

/* Many connections at once wait for each other, and no answer is held longer than said. */
static void answers_leave_in_a_row(void **state)
{
	struct throttle *throttle = throttle_new();
	int64_t now = 1000000, before, wait;

	(void)state;
	spray(throttle, "192.0.2.1", 40, now);
	now += THROTTLE_WAIT_MS;
	before = throttle_failed(throttle, "192.0.2.1", "a", now);
	assert_true(before > 0);
	assert_false(throttle_is_full(throttle, "192.0.2.1", now));
	while ((wait = throttle_failed(throttle, "192.0.2.1", "a", now)) < THROTTLE_WAIT_MS) {
		assert_true(wait > before);
		before = wait;
	}
	assert_int_equal(wait, THROTTLE_WAIT_MS);
	assert_true(throttle_is_full(throttle, "192.0.2.1", now));
	assert_true(throttle_is_full(throttle, "192.0.2.1", now + 1));
	assert_false(throttle_is_full(throttle, "192.0.2.1", now + THROTTLE_GAP_MS));
	throttle_free(throttle);
}

/* A mail program with a stale password, again and again, is not spraying. */
static void one_name_hardly_counts(void **state)
{
	struct throttle *throttle = throttle_new();

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(throttle_failed(throttle, "192.0.2.1", "alice", 1000), 0);
	assert_in_range(throttle_look(throttle, "192.0.2.1", 1000).failures, 1, 9);
	throttle_free(throttle);
}

static void leaks_and_is_relieved(void **state)
{
	struct throttle *throttle = throttle_new();
	int64_t now = 1000000;
	unsigned before;

	(void)state;
	spray(throttle, "192.0.2.1", 30, now);
	before = throttle_look(throttle, "192.0.2.1", now).failures;
	now += THROTTLE_LEAK_MS;
	assert_int_equal(throttle_look(throttle, "192.0.2.1", now).failures, before - 1);
	throttle_succeeded(throttle, "192.0.2.1", "alice", now);
	assert_int_equal(throttle_look(throttle, "192.0.2.1", now).failures, before - 2);
	/* The same one cannot wash a sprayer clean. */
	throttle_succeeded(throttle, "192.0.2.1", "alice", now);
	assert_int_equal(throttle_look(throttle, "192.0.2.1", now).failures, before - 2);
	now += THROTTLE_LEAK_MS * (int64_t)before;
	assert_int_equal(throttle_look(throttle, "192.0.2.1", now).failures, 0);
	throttle_free(throttle);
}

static void never_holds_a_grudge_for_long(void **state)
{
	struct throttle *throttle = throttle_new();
	int64_t now = 1000000;

	(void)state;
	for (int i = 0; i < 20; i++)
		spray(throttle, "192.0.2.1", 1000, now);
	assert_int_equal(throttle_look(throttle, "192.0.2.1", now).failures, THROTTLE_LEVEL_MAX);
	now += THROTTLE_LEVEL_MAX * THROTTLE_LEAK_MS;
	assert_int_equal(throttle_failed(throttle, "192.0.2.1", "x", now), 0);
	throttle_free(throttle);
}

static void knows_addresses(void **state)
{
	static const struct {
		const char *from, *other;
		bool same;
	} cases[] = {
		{ "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true },
		{ "2001:db8:1:2::1", "2001:db8:1:3::1", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.2", false },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "", "192.0.2.2", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct throttle *throttle = throttle_new();

		spray(throttle, cases[i].from, 200, 1000);
		assert_int_equal(throttle_look(throttle, cases[i].other, 1000).failures > 0,
				 cases[i].same);
		throttle_free(throttle);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slows_spraying_only_there),
		cmocka_unit_test(answers_leave_in_a_row),
		cmocka_unit_test(one_name_hardly_counts),
		cmocka_unit_test(leaks_and_is_relieved),
		cmocka_unit_test(never_holds_a_grudge_for_long),
		cmocka_unit_test(knows_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
