/* SPDX-License-Identifier: ISC */
#include "directory_role/exchange_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"

static void *make(void)
{
	return memory_new(1);
}

static void *add(struct exchange_table *table, uint32_t handle)
{
	void *exchange = make();

	assert_true(exchange_table_add(table, handle, exchange));
	return exchange;
}

static void one_thread_at_a_time(void **state)
{
	struct exchange_table *table = exchange_table_new(free);
	void *one = add(table, 1), *again = make();
	bool busy;

	(void)state;
	assert_false(exchange_table_add(table, 1, again)); /* the number is in use */
	free(again);
	assert_null(exchange_table_take(table, 1, &busy));
	assert_true(busy);
	exchange_table_give(table, 1);
	assert_ptr_equal(exchange_table_take(table, 1, &busy), one);
	assert_false(busy);
	assert_null(exchange_table_take(table, 2, &busy));
	assert_false(busy);
	exchange_table_free(table);
}

static void dropped_now_or_when_given_back(void **state)
{
	struct exchange_table *table = exchange_table_new(free);
	bool busy;

	(void)state;
	add(table, 1);
	exchange_table_drop(table, 1);
	assert_null(exchange_table_take(table, 1, &busy));
	assert_true(busy);
	exchange_table_give(table, 1);
	assert_null(exchange_table_take(table, 1, &busy));
	assert_false(busy);
	add(table, 2);
	exchange_table_give(table, 2);
	exchange_table_drop(table, 2);
	assert_null(exchange_table_take(table, 2, &busy));
	assert_false(busy);
	exchange_table_drop(table, 3);
	exchange_table_give(table, 3);
	exchange_table_free(table);
}

static void the_oldest_makes_room(void **state)
{
	struct exchange_table *table = exchange_table_new(free);
	bool busy;

	(void)state;
	/* The first stays in a thread's hands. */
	for (uint32_t i = 0; i < EXCHANGE_TABLE_MAX + 10; i++) {
		add(table, i);
		if (i > 0)
			exchange_table_give(table, i);
	}
	assert_null(exchange_table_take(table, 0, &busy));
	assert_true(busy);
	for (uint32_t i = 1; i <= 10; i++) {
		assert_null(exchange_table_take(table, i, &busy));
		assert_false(busy);
	}
	assert_non_null(exchange_table_take(table, 11, &busy));
	assert_non_null(exchange_table_take(table, EXCHANGE_TABLE_MAX + 9, &busy));
	exchange_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread_at_a_time),
		cmocka_unit_test(dropped_now_or_when_given_back),
		cmocka_unit_test(the_oldest_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
