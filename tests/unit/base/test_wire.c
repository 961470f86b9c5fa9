/* SPDX-License-Identifier: ISC */
#include "base/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { WHOLE = 1 + 4 + 8 + (4 + 3) + (4 + 0) + 2 };

static size_t write_all(char *memory, size_t size, bool *failed)
{
	struct wire_writer writer;

	wire_writer_init(&writer, memory, size);
	wire_put_u8(&writer, 0xfe);
	wire_put_u32(&writer, 0x01020304);
	wire_put_u64(&writer, 0x1122334455667788);
	wire_put_span(&writer, span_make("a\0b", 3));
	wire_put_text(&writer, NULL);
	wire_put_bytes(&writer, "zz", 2);
	*failed = writer.failed;
	return writer.used;
}

static bool read_all(const char *memory, size_t length)
{
	struct wire_reader reader;
	struct span span;
	char text[4], two[2];
	bool good;

	wire_reader_init(&reader, memory, length);
	good = wire_get_u8(&reader) == 0xfe && wire_get_u32(&reader) == 0x01020304 &&
	       wire_get_u64(&reader) == 0x1122334455667788;
	span = wire_get_span(&reader);
	good = good && span_equal(span, span_make("a\0b", 3));
	wire_get_text(&reader, text, sizeof text);
	wire_get_bytes(&reader, two, sizeof two);
	return good && memcmp(two, "zz", 2) == 0 && wire_done(&reader);
}

static void round_trip(void **state)
{
	char memory[WHOLE];
	bool failed;

	(void)state;
	assert_int_equal(write_all(memory, sizeof memory, &failed), WHOLE);
	assert_false(failed);
	/* The form is fixed, not that of the machine. */
	assert_memory_equal(memory, "\xfe\x04\x03\x02\x01\x88\x77\x66\x55\x44\x33\x22\x11\x03\0\0\0", 17);
	assert_true(read_all(memory, WHOLE));
}

static void no_room(void **state)
{
	char memory[WHOLE];
	bool failed;

	(void)state;
	for (size_t size = 0; size < WHOLE; size++) {
		write_all(memory, size, &failed);
		assert_true(failed);
	}
}

static void every_truncation_fails(void **state)
{
	char memory[WHOLE + 1];
	bool failed;

	(void)state;
	write_all(memory, WHOLE, &failed);
	memory[WHOLE] = 0;
	for (size_t length = 0; length < WHOLE; length++)
		assert_false(read_all(memory, length));
	assert_false(read_all(memory, WHOLE + 1)); /* nor may anything be left */
}

/* The first error stays, and what is read after it is zero. */
static void failure_sticks(void **state)
{
	struct wire_reader reader;
	struct wire_writer writer;
	char memory[8] = { 1, 1, 1, 1, 1, 1, 1, 1 }, text[8] = "before";

	(void)state;
	wire_reader_init(&reader, memory, 2);
	assert_int_equal(wire_get_u32(&reader), 0);
	assert_true(reader.failed);
	assert_int_equal(wire_get_u8(&reader), 0);
	assert_int_equal(wire_get_u64(&reader), 0);
	assert_int_equal(wire_get_span(&reader).length, 0);
	wire_get_text(&reader, text, sizeof text);
	assert_string_equal(text, "");
	wire_get_bytes(&reader, memory, 4);
	assert_memory_equal(memory, "\0\0\0\0\1", 5);
	assert_false(wire_done(&reader));

	wire_writer_init(&writer, memory, 3);
	wire_put_u32(&writer, 1);
	wire_put_u8(&writer, 1); /* would fit, but the record is broken already */
	assert_true(writer.failed);
	assert_int_equal(writer.used, 0);
}

static void lengths_that_lie(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} rows[] = {
		{ "\x01\0\0\0", 4 },
		{ "\xff\xff\xff\xffxyz", 7 },
		{ "\x00\x00\x00\x80xyz", 7 },
		{ "\x04\0\0\0xyz", 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct wire_reader reader;

		wire_reader_init(&reader, rows[i].bytes, rows[i].length);
		assert_int_equal(wire_get_span(&reader).length, 0);
		assert_true(reader.failed);
	}
}

static void texts(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		bool good;
	} rows[] = {
		{ "\x03\0\0\0abc", 7, true },
		{ "\x00\0\0\0", 4, true },
		{ "\x04\0\0\0abcd", 8, false },	  /* too long for four with its NUL */
		{ "\x03\0\0\0a\0c", 7, false },	  /* would be two texts */
		{ "\x03\0\0\0ab\0", 7, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct wire_reader reader;
		char text[4];

		wire_reader_init(&reader, rows[i].bytes, rows[i].length);
		wire_get_text(&reader, text, sizeof text);
		if (wire_done(&reader) != rows[i].good)
			fail_msg("row %zu", i);
	}
}

static void nothing(void **state)
{
	struct wire_reader reader;
	struct wire_writer writer;

	(void)state;
	wire_reader_init(&reader, NULL, 0);
	assert_true(wire_done(&reader));
	wire_get_u8(&reader);
	assert_false(wire_done(&reader));
	wire_writer_init(&writer, NULL, 0);
	wire_put_bytes(&writer, NULL, 0);
	assert_false(writer.failed);
	wire_put_u8(&writer, 1);
	assert_true(writer.failed);
}

static void choices_and_caps(void **state)
{
	struct wire_reader reader = wire_reader_of(span_make("\2\1", 2));

	(void)state;
	assert_int_equal(wire_get_choice(&reader, 2), 2);
	assert_int_equal(wire_get_flag(&reader), 1);
	assert_true(wire_done(&reader));
	reader = wire_reader_of(span_make("\3", 1));
	assert_int_equal(wire_get_choice(&reader, 2), 0);
	assert_true(reader.failed);
	reader = wire_reader_of(span_make("\2", 1));
	(void)wire_get_flag(&reader);
	assert_true(reader.failed);
	reader = wire_reader_of(span_make("\2\0\0\0ab", 6));
	assert_int_equal(wire_get_span_of(&reader, 2).length, 2);
	assert_true(wire_done(&reader));
	reader = wire_reader_of(span_make("\2\0\0\0ab", 6));
	(void)wire_get_span_of(&reader, 1);
	assert_true(reader.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),	  cmocka_unit_test(no_room),
		cmocka_unit_test(every_truncation_fails), cmocka_unit_test(failure_sticks),
		cmocka_unit_test(lengths_that_lie), cmocka_unit_test(texts),
		cmocka_unit_test(nothing), cmocka_unit_test(choices_and_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
