/* SPDX-License-Identifier: ISC */
#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

static void empty(void **state)
{
	struct buffer buffer = BUFFER_EMPTY;

	(void)state;
	assert_int_equal(buffer_used(&buffer), 0);
	assert_true(span_is(buffer_span(&buffer), ""));
	buffer_add(&buffer, "", 0);
	assert_null(buffer.memory); /* no memory before the first octet */
	buffer_clear(&buffer);
	buffer_wipe(&buffer);
}

static void added_and_consumed(void **state)
{
	struct buffer buffer = BUFFER_EMPTY;

	(void)state;
	buffer_add_text(&buffer, "hello ");
	buffer_add(&buffer, "world", 5);
	buffer_add_format(&buffer, " %d%s", 42, "!");
	assert_true(span_is(buffer_span(&buffer), "hello world 42!"));
	buffer_consume(&buffer, 6);
	assert_int_equal(buffer_used(&buffer), 9);
	assert_memory_equal(buffer_bytes(&buffer), "world 42!", 9);
	buffer_consume(&buffer, 9);
	assert_int_equal(buffer_used(&buffer), 0);
	assert_int_equal(buffer.start, 0); /* the whole room is free again */
	buffer_clear(&buffer);
	assert_null(buffer.memory);
	buffer_add_text(&buffer, "again");
	assert_true(span_is(buffer_span(&buffer), "again"));
	buffer_clear(&buffer);
}

/* A queue through which much more goes than it ever holds must not grow with it. */
static void moved_not_grown(void **state)
{
	struct buffer buffer = BUFFER_EMPTY;
	char bytes[100];

	(void)state;
	memset(bytes, 'x', sizeof bytes);
	for (int i = 0; i < 10000; i++) {
		buffer_add(&buffer, bytes, sizeof bytes);
		if (i > 0)
			buffer_consume(&buffer, sizeof bytes);
	}
	assert_int_equal(buffer_used(&buffer), sizeof bytes);
	assert_true(buffer.size <= 1024);
	buffer_clear(&buffer);
}

static void order_is_kept(void **state)
{
	struct buffer buffer = BUFFER_EMPTY;
	unsigned put = 0, got = 0;

	(void)state;
	srandom(7);
	for (int i = 0; i < 2000; i++) {
		long add = random() % 300, take;

		for (long j = 0; j < add; j++) {
			unsigned char octet = (unsigned char)put++;

			buffer_add(&buffer, &octet, 1);
		}
		take = random() % (long)(buffer_used(&buffer) + 1);
		for (long j = 0; j < take; j++)
			assert_int_equal((unsigned char)buffer_bytes(&buffer)[j], got++ & 0xff);
		buffer_consume(&buffer, (size_t)take);
		assert_int_equal(buffer_used(&buffer), put - got);
	}
	buffer_clear(&buffer);
}

static void reserved(void **state)
{
	struct buffer buffer = BUFFER_EMPTY;
	char *room = buffer_reserve(&buffer, 5000);

	(void)state;
	memset(room, 'a', 5000);
	buffer_commit(&buffer, 3); /* less than reserved */
	assert_true(span_is(buffer_span(&buffer), "aaa"));
	room = buffer_reserve(&buffer, 10);
	assert_ptr_equal(room, buffer_bytes(&buffer) + 3); /* there was room enough */
	buffer_commit(&buffer, 0);
	assert_int_equal(buffer_used(&buffer), 3);
	buffer_wipe(&buffer);
	assert_null(buffer.memory);
}

static void format_without_a_terminator(void **state)
{
	struct buffer buffer = BUFFER_EMPTY;
	char *big = memory_new(9001);

	(void)state;
	memset(big, 'b', 9000);
	buffer_add_format(&buffer, "%s", big);
	assert_int_equal(buffer_used(&buffer), 9000);
	buffer_add_format(&buffer, "%s", "");
	assert_int_equal(buffer_used(&buffer), 9000);
	buffer_clear(&buffer);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),	 cmocka_unit_test(added_and_consumed),
		cmocka_unit_test(moved_not_grown), cmocka_unit_test(order_is_kept),
		cmocka_unit_test(reserved),	 cmocka_unit_test(format_without_a_terminator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
