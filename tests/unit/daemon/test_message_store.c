/* SPDX-License-Identifier: ISC */
/* What no table of tests/unit/daemon/test_message.c tells: which field is where, and the limits. */
#include "daemon/message_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 8192 };

static void fields(void **state)
{
	static const struct message_deliver sent = {
		"f0-1a2b", 1, 2, { "\1\0\0\0a\1\0\0\0b", 10 }, { "envelope", 8 }
	};
	char memory[ROOM];
	struct wire_writer writer;
	struct message_deliver deliver;

	(void)state;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_deliver(&writer, &sent);
	assert_true(message_get_deliver(span_make(memory, writer.used), &deliver));
	assert_string_equal(deliver.label, "f0-1a2b");
	assert_int_equal(deliver.another, 1);
	assert_int_equal(deliver.count, 2);
	assert_int_equal(deliver.tickets.length, 10);
	assert_int_equal(deliver.envelope.length, 8);
}

static bool deliver_of(uint32_t count, size_t envelope)
{
	struct message_deliver deliver = {
		"f0-1a2b", 1, 2, { "\1\0\0\0a\1\0\0\0b", 10 }, { "e", envelope }
	};
	struct wire_writer writer;
	char memory[ROOM];

	deliver.count = count;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_deliver(&writer, &deliver);
	return message_get_deliver(span_make(memory, writer.used), &deliver);
}

static void limits(void **state)
{
	(void)state;
	assert_false(deliver_of(0, 0));
	assert_true(deliver_of(0, 1)); /* for the queue only */
	assert_true(deliver_of(1, 0));
	assert_true(deliver_of(MESSAGE_RECIPIENTS_MAX, 1));
	assert_false(deliver_of(MESSAGE_RECIPIENTS_MAX + 1, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
