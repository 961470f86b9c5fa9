/* SPDX-License-Identifier: ISC */
#include "frontend/ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/wire.h"

static struct span three(char memory[64])
{
	struct wire_writer writer;

	wire_writer_init(&writer, memory, 64);
	wire_put_text(&writer, "one");
	wire_put_text(&writer, "");
	wire_put_text(&writer, "three");
	return span_make(memory, writer.used);
}

static void in_turn(void **state)
{
	struct ahead ahead = { 0 };
	struct span message;
	char memory[64];

	(void)state;
	assert_false(ahead_take(&ahead, 1, &message));
	ahead_put(&ahead, 7, three(memory));
	assert_true(ahead_take(&ahead, 7, &message));
	assert_true(span_is(message, "one"));
	assert_true(ahead_take(&ahead, 8, &message));
	assert_int_equal(message.length, 0);
	ahead_done(&ahead);
	assert_true(ahead_take(&ahead, 9, &message));
	assert_true(span_is(message, "three"));
	ahead_done(&ahead);
	assert_null(ahead.octets);
	assert_false(ahead_take(&ahead, 10, &message));
}

static void out_of_turn(void **state)
{
	struct ahead ahead = { 0 };
	struct span message;
	char memory[64];

	(void)state;
	for (size_t number = 6; number <= 10; number++) {
		ahead_put(&ahead, 7, three(memory));
		assert_int_equal(ahead_take(&ahead, number, &message), number == 7);
		assert_int_equal(ahead.octets == NULL, number != 7);
	}
	ahead_clear(&ahead);
}

static void malformed(void **state)
{
	struct ahead ahead = { 0 };
	struct span message;

	(void)state;
	ahead_put(&ahead, 1, span_text("\x05"));
	assert_false(ahead_take(&ahead, 1, &message));
	ahead_put(&ahead, 1, span_make("\xff\xff\xff\xff" "a", 5));
	assert_false(ahead_take(&ahead, 1, &message));
	ahead_put(&ahead, 1, span_make("", 0));
	assert_false(ahead_take(&ahead, 1, &message));
	assert_null(ahead.octets);
}

static void how_many(void **state)
{
	struct ahead ahead = { 0 }, other = { 0 };
	struct span message;
	char memory[64];
	char *much = calloc(1, AHEAD_OCTETS_MAX);

	(void)state;
	assert_non_null(much);
	assert_int_equal(ahead_wanted(&ahead, 4), AHEAD_MESSAGES);
	ahead_put(&ahead, 4, three(memory));
	assert_true(ahead_take(&ahead, 4, &message));
	assert_int_equal(ahead_wanted(&ahead, 5), AHEAD_MESSAGES);
	assert_int_equal(ahead_wanted(&ahead, 9), 1);
	ahead_passed(&ahead, 9);
	assert_int_equal(ahead_wanted(&ahead, 10), AHEAD_MESSAGES);
	ahead_put(&other, 1, span_make(much, AHEAD_OCTETS_MAX));
	assert_int_equal(ahead_wanted(&ahead, 10), 1);
	ahead_clear(&other);
	assert_int_equal(ahead_wanted(&ahead, 10), AHEAD_MESSAGES);
	free(much);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_turn),
		cmocka_unit_test(out_of_turn),
		cmocka_unit_test(malformed),
		cmocka_unit_test(how_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
