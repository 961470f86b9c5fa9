/* SPDX-License-Identifier: ISC */
#include "directory/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void keeps_for_its_time(void **state)
{
	struct cache *cache = cache_new(30, 10);
	struct person person = { .id = "abc" }, found;
	struct span alice = span_text("alice@x"), nobody = span_text("nobody@x");
	int64_t left;
	bool exists;

	(void)state;
	assert_false(cache_find(cache, alice, 0, &exists, &found, &left));
	cache_keep(cache, alice, 0, &person);
	cache_keep(cache, nobody, 0, NULL);
	assert_true(cache_find(cache, alice, 29000, &exists, &found, &left));
	assert_true(exists);
	assert_int_equal(left, 1000);
	assert_string_equal(found.id, "abc");
	assert_false(cache_find(cache, alice, 30001, &exists, &found, &left));
	assert_true(cache_find(cache, nobody, 9000, &exists, &found, &left));
	assert_false(exists);
	assert_int_equal(left, 1000);
	assert_false(cache_find(cache, nobody, 10001, &exists, &found, &left));
	cache_free(cache);
}

static void the_later_answer_counts(void **state)
{
	struct cache *cache = cache_new(30, 10);
	struct person person = { .id = "abc" }, found;
	struct span key = span_text("new@x");
	int64_t left;
	bool exists;

	(void)state;
	cache_keep(cache, key, 0, NULL);
	cache_keep(cache, key, 1, &person);
	assert_true(cache_find(cache, key, 2, &exists, &found, &left));
	assert_true(exists);
	cache_keep(cache, key, 3, NULL);
	assert_true(cache_find(cache, key, 4, &exists, &found, &left));
	assert_false(exists);
	cache_free(cache);
}

static void zero_seconds_is_off(void **state)
{
	struct cache *cache = cache_new(0, 0);
	struct person person = { .id = "abc" }, found;
	int64_t left;
	bool exists;

	(void)state;
	cache_keep(cache, span_text("a"), 0, &person);
	cache_keep(cache, span_text("b"), 0, NULL);
	assert_false(cache_find(cache, span_text("a"), 0, &exists, &found, &left));
	assert_false(cache_find(cache, span_text("b"), 0, &exists, &found, &left));
	cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_for_its_time),
		cmocka_unit_test(the_later_answer_counts),
		cmocka_unit_test(zero_seconds_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
