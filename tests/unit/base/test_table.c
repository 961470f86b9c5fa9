/* SPDX-License-Identifier: ISC */
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

static unsigned released;

static void count_release(void *value)
{
	released++;
	free(value);
}

static void put(struct table *table, const char *key, const char *value, int64_t dies)
{
	table_put(table, span_text(key), memory_text(value), dies);
}

static const char *find(struct table *table, const char *key, int64_t now)
{
	return table_find(table, span_text(key), now);
}

static void put_find_drop(void **state)
{
	struct table *table = table_new(10, free);

	(void)state;
	assert_null(find(table, "a", 0));
	put(table, "a", "1", 100);
	put(table, "A", "2", 100);
	put(table, "", "empty", 100);
	assert_string_equal(find(table, "a", 0), "1");
	assert_string_equal(find(table, "A", 0), "2"); /* octets, not letters */
	assert_string_equal(find(table, "", 0), "empty");
	table_put(table, span_make("a\0b", 3), memory_text("nul"), 100);
	assert_string_equal(find(table, "a", 0), "1");
	assert_string_equal(table_find(table, span_make("a\0b", 3), 0), "nul");
	assert_int_equal(table_count(table), 4);
	table_drop(table, span_text("a"));
	table_drop(table, span_text("a"));
	assert_null(find(table, "a", 0));
	assert_int_equal(table_count(table), 3);
	table_free(table);
	table_free(NULL);
}

static void time_of_death(void **state)
{
	static const struct {
		int64_t dies, now;
		bool there;
	} rows[] = {
		{ 100, 99, true }, { 100, 100, false }, { 100, 101, false },
		{ 0, 0, false },   { -5, -6, true },	{ INT64_MAX, INT64_MAX - 1, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct table *table = table_new(4, count_release);

		released = 0;
		put(table, "k", "v", rows[i].dies);
		if ((find(table, "k", rows[i].now) != NULL) != rows[i].there)
			fail_msg("row %zu", i);
		assert_int_equal(released, rows[i].there ? 0 : 1); /* the dead are buried when found */
		assert_int_equal(table_count(table), rows[i].there ? 1 : 0);
		table_free(table);
	}
}

static void replaced(void **state)
{
	struct table *table = table_new(2, count_release);

	(void)state;
	released = 0;
	put(table, "k", "old", 100);
	put(table, "k", "new", 200);
	assert_int_equal(released, 1);
	assert_int_equal(table_count(table), 1);
	assert_string_equal(find(table, "k", 150), "new");
	table_free(table);
	assert_int_equal(released, 2);
}

static void least_recently_used_goes(void **state)
{
	struct table *table = table_new(3, count_release);

	(void)state;
	put(table, "a", "1", 100);
	put(table, "b", "2", 100);
	put(table, "c", "3", 100);
	assert_non_null(find(table, "a", 0)); /* used again: b is the oldest now */
	put(table, "d", "4", 100);
	assert_null(find(table, "b", 0));
	assert_non_null(find(table, "a", 0));
	assert_non_null(find(table, "c", 0));
	assert_non_null(find(table, "d", 0));
	put(table, "a", "5", 100); /* replacing pushes nobody out */
	assert_int_equal(table_count(table), 3);
	table_free(table);
}

static void many(void **state)
{
	struct table *table = table_new(5000, count_release);
	char key[32];

	(void)state;
	released = 0;
	for (int i = 0; i < 12000; i++) {
		snprintf(key, sizeof key, "key-%d-with-some-length", i);
		put(table, key, key, 100);
	}
	assert_int_equal(table_count(table), 5000);
	assert_int_equal(released, 7000);
	for (int i = 0; i < 12000; i++) {
		const char *value;

		snprintf(key, sizeof key, "key-%d-with-some-length", i);
		value = find(table, key, 0);
		assert_int_equal(value != NULL, i >= 7000);
		if (value)
			assert_string_equal(value, key);
	}
	table_clear(table);
	assert_int_equal(table_count(table), 0);
	assert_int_equal(released, 12000);
	put(table, "again", "1", 100);
	assert_non_null(find(table, "again", 0));
	table_free(table);
}

static void smallest(void **state)
{
	struct table *table = table_new(0, NULL);
	int one, two;

	(void)state;
	table_put(table, span_text("a"), &one, 100);
	table_put(table, span_text("b"), &two, 100);
	assert_null(table_find(table, span_text("a"), 0));
	assert_ptr_equal(table_find(table, span_text("b"), 0), &two);
	table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_find_drop), cmocka_unit_test(time_of_death),
		cmocka_unit_test(replaced), cmocka_unit_test(least_recently_used_goes),
		cmocka_unit_test(many), cmocka_unit_test(smallest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
