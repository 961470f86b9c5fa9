/* SPDX-License-Identifier: ISC */
#include "daemon/removal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"

#define MANY 4000000 /* as many as a maildrop shows */

static char memory[REMOVAL_OCTETS];

/* Packet by packet, as the two sides do it, through the wire. */
static size_t carried(const size_t *numbers, size_t count, size_t last, uint32_t *to)
{
	static char body[PACKET_BODY_MAX];
	size_t packets = 0, got = 0;

	for (size_t at = 0; at < count; packets++) {
		struct message_remove ask = { .handle = 7 }, heard;
		struct wire_writer writer;
		size_t taken = removal_pack(numbers + at, count - at, memory, &ask);

		assert_true(taken > 0);
		wire_writer_init(&writer, body, sizeof body);
		message_put_remove(&writer, &ask);
		assert_false(writer.failed);
		assert_true(message_get_remove(span_make(body, writer.used), &heard));
		assert_int_equal(removal_numbers(&heard, last, to + got), taken);
		got += taken;
		at += taken;
	}
	assert_int_equal(got, count);
	return packets;
}

static void carries_all(void **state)
{
	static const struct {
		size_t first, step, packets;
	} rows[] = {
		{ 1, 1, 8 }, { 1, 9, 8 }, { 1, MANY - 1, 2 }, { MANY, 1, 1 }, { 3999990, 3, 1 }
	};
	size_t *numbers = memory_array(MANY, sizeof *numbers);
	uint32_t *got = memory_array(MANY, sizeof *got);

	(void)state;
	for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
		size_t count = 0;

		for (size_t number = rows[row].first; number <= MANY; number += rows[row].step)
			numbers[count++] = number;
		assert_int_equal(carried(numbers, count, MANY, got), rows[row].packets);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(got[i], numbers[i]);
	}
	free(numbers);
	free(got);
}

static void believes_nothing(void **state)
{
	static const struct {
		uint32_t first;
		size_t count;
	} rows[] = { { 0, 0 }, { 1, 3 }, { 2, 2 }, { 3, 1 }, { 4, 0 }, { UINT32_MAX, 0 } };
	uint32_t got[3];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct message_remove ask = { .first = rows[i].first,
					      .bits = span_text("\xff\xff") };

		assert_int_equal(removal_numbers(&ask, 3, got), rows[i].count);
	}
	assert_int_equal(removal_pack(NULL, 0, memory, &(struct message_remove){ 0 }), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_all),
		cmocka_unit_test(believes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
