/* SPDX-License-Identifier: ISC */
#include "auth/backoff.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static const struct backoff_rule rule = { .strangers = 2, .owner = 3, .window = 60000 };

static struct backoff_try attempt(const char *account, const char *client)
{
	return (struct backoff_try){ .rule = rule, .account = account, .client = client };
}

static bool try_with(struct backoff *backoff, const struct backoff_try *try, enum backoff_end end)
{
	if (!backoff_enter(backoff, try, clock_ms()))
		return false;
	backoff_leave(backoff, try, end);
	return true;
}

static bool try(struct backoff *backoff, const char *account, const char *client, enum backoff_end end)
{
	struct backoff_try one = attempt(account, client);

	return try_with(backoff, &one, end);
}

static void stays_below_the_threshold(void **state)
{
	static const struct {
		unsigned threshold, strangers, owner;
	} cases[] = { { 1, 1, 1 }, { 2, 1, 1 }, { 3, 1, 2 }, { 4, 2, 3 }, { 5, 3, 4 }, { 10, 8, 9 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct backoff_rule made = backoff_rule_make(cases[i].threshold, 0);

		assert_int_equal(made.strangers, cases[i].strangers);
		assert_int_equal(made.owner, cases[i].owner);
		assert_int_equal(made.window, 30 * 60 * 1000);
	}
	assert_int_equal(backoff_rule_make(5, 1234).window, 1234);
	assert_true(backoff_rule_make(0, 0).strangers >= 20);
	assert_true(backoff_rule_make(0, 0).owner > backoff_rule_make(0, 0).strangers);
}

static void stops_strangers_first(void **state)
{
	struct backoff *backoff = backoff_new();

	(void)state;
	assert_true(try(backoff, "alice", "home", BACKOFF_RIGHT));
	assert_true(try(backoff, "alice", "bad", BACKOFF_WRONG));
	assert_true(try(backoff, "alice", "worse", BACKOFF_WRONG));
	assert_false(try(backoff, "alice", "bad", BACKOFF_WRONG));
	assert_false(try(backoff, "alice", "unknown", BACKOFF_RIGHT));
	/* Another account of the same client is another matter. */
	assert_true(try(backoff, "bob", "bad", BACKOFF_WRONG));
	/* Where the owner was seen there is one more; a right password clears all. */
	assert_true(try(backoff, "alice", "home", BACKOFF_RIGHT));
	assert_true(try(backoff, "alice", "bad", BACKOFF_WRONG));
	backoff_free(backoff);
}

static void temporary_failures_do_not_count(void **state)
{
	struct backoff *backoff = backoff_new();

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(try(backoff, "alice", "x", BACKOFF_UNDECIDED));
	backoff_free(backoff);
}

static void forgets_after_the_window(void **state)
{
	struct backoff *backoff = backoff_new();
	struct backoff_try brief = attempt("alice", "x");
	int64_t wrong, limit = clock_ms() + 600000;

	(void)state;
	brief.rule = (struct backoff_rule){ .strangers = 1, .owner = 1, .window = 50 };
	assert_true(backoff_enter(backoff, &brief, clock_ms()));
	wrong = clock_ms();
	backoff_leave(backoff, &brief, BACKOFF_WRONG);
	while (!backoff_enter(backoff, &brief, clock_ms()) && clock_ms() < limit)
		nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
	/* Not before the window is over, and then indeed. */
	assert_in_range(clock_ms(), wrong + 50, limit - 1);
	assert_int_equal(backoff_look(backoff, "alice").failures, 0);
	backoff_leave(backoff, &brief, BACKOFF_RIGHT);
	backoff_free(backoff);
}

/* What the directory counted elsewhere leaves less for us, and does not come again with each of ours. */
static void counts_what_others_saw(void **state)
{
	struct backoff *backoff = backoff_new();
	struct backoff_try seen = attempt("alice", "x");

	(void)state;
	seen.elsewhere = 2;
	assert_false(backoff_enter(backoff, &seen, clock_ms()));
	assert_int_equal(backoff_look(backoff, "alice").failures, 0);
	seen.elsewhere = 1;
	assert_true(try_with(backoff, &seen, BACKOFF_WRONG));
	assert_int_equal(backoff_look(backoff, "alice").failures, 2);
	/* One that was found before that, with the old number, comes too late. */
	assert_false(backoff_enter(backoff, &seen, clock_ms()));
	backoff_free(backoff);
}

/* The last attempt is kept for the owner, wherever he is. */
static void keeps_the_last_for_the_owner(void **state)
{
	struct backoff *backoff = backoff_new();
	struct backoff_try owner = attempt("alice", "abroad");

	(void)state;
	assert_true(try(backoff, "alice", "bad", BACKOFF_WRONG));
	assert_true(try(backoff, "alice", "bad", BACKOFF_WRONG));
	assert_false(try(backoff, "alice", "abroad", BACKOFF_RIGHT));
	assert_false(backoff_is_friend(backoff, "alice", "abroad"));
	owner.familiar = true;
	assert_true(try_with(backoff, &owner, BACKOFF_RIGHT));
	assert_true(backoff_is_friend(backoff, "alice", "abroad"));
	assert_int_equal(backoff_look(backoff, "alice").failures, 0);
	backoff_free(backoff);
}

static void *wait_for_turn(void *context)
{
	struct backoff *backoff = context;
	struct backoff_try one = attempt("alice", "x");
	static const bool yes = true;

	if (!backoff_enter(backoff, &one, clock_ms() + 60000))
		return NULL;
	backoff_leave(backoff, &one, BACKOFF_RIGHT);
	return (void *)(uintptr_t)&yes;
}

/* Many devices of one person at once: those over the limit wait for the first, they are not refused. */
static void waits_for_checks_in_flight(void **state)
{
	struct backoff *backoff = backoff_new();
	struct backoff_try one = attempt("alice", "x");
	pthread_t thread;
	void *got_in = NULL;

	(void)state;
	assert_true(backoff_enter(backoff, &one, clock_ms()));
	assert_true(backoff_enter(backoff, &one, clock_ms()));
	assert_false(backoff_enter(backoff, &one, clock_ms()));
	assert_int_equal(pthread_create(&thread, NULL, wait_for_turn, backoff), 0);
	backoff_leave(backoff, &one, BACKOFF_RIGHT);
	pthread_join(thread, &got_in);
	assert_non_null(got_in);
	backoff_leave(backoff, &one, BACKOFF_RIGHT);
	backoff_free(backoff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_below_the_threshold),
		cmocka_unit_test(stops_strangers_first),
		cmocka_unit_test(temporary_failures_do_not_count),
		cmocka_unit_test(forgets_after_the_window),
		cmocka_unit_test(counts_what_others_saw),
		cmocka_unit_test(keeps_the_last_for_the_owner),
		cmocka_unit_test(waits_for_checks_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
