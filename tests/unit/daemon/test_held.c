/* SPDX-License-Identifier: ISC */
#include "daemon/held.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool add(struct held *held, int64_t due, uint32_t id)
{
	struct held_answer answer = { .due = due, .kind = 33, .id = id };

	return held_add(held, &answer, span_text("body"));
}

static void gives_them_in_order(void **state)
{
	static const int64_t dues[] = { 50, 10, 40, 10, 30, 20, 60, 5 };
	struct held *held = held_new();
	int64_t last = 0;

	(void)state;
	assert_int_equal(held_wait(held, 0), -1);
	for (uint32_t i = 0; i < sizeof(dues) / sizeof(dues[0]); i++)
		assert_true(add(held, dues[i], i));
	assert_int_equal(held_wait(held, 0), 5);
	assert_int_equal(held_wait(held, 7), 0);
	assert_null(held_take(held, 4));
	for (size_t i = 0; i < sizeof(dues) / sizeof(dues[0]); i++) {
		struct held_answer *answer = held_take(held, 60);

		assert_non_null(answer);
		assert_true(answer->due >= last);
		assert_int_equal(answer->due, dues[answer->id]);
		assert_int_equal(answer->length, 4);
		assert_memory_equal(answer->body, "body", 4);
		last = answer->due;
		free(answer);
	}
	assert_null(held_take(held, INT64_MAX));
	held_free(held);
}

static void is_capped(void **state)
{
	struct held *held = held_new();

	(void)state;
	for (uint32_t i = 0; i < HELD_MAX; i++)
		assert_true(add(held, i % 1000, i));
	assert_false(add(held, 0, 0));
	free(held_take(held, 0));
	assert_true(add(held, 0, 0));
	held_free(held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_them_in_order),
		cmocka_unit_test(is_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
