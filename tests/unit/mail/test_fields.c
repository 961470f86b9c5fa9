/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/fields.h"

struct block {
	const char *header;
	unsigned count;
	const char *rest; /* what stopped it */
};
static const struct block blocks[] = {
	{ "", 0, "" },
	{ "A: 1\r\nB: 2\r\n", 2, "" },
	{ "A: 1\r\n\r\nB: 2\r\n", 1, "\r\nB: 2\r\n" },
	{ "A: 1\n\nB: 2\n", 1, "\nB: 2\n" },
	{ "A: 1\r\n more\r\n\tmore\r\nB:2", 2, "" },
	{ " A: 1\r\n", 0, " A: 1\r\n" },
	{ "A: 1\r\nno field\r\n", 1, "no field\r\n" },
	{ ": 1\r\n", 0, ": 1\r\n" },
	{ "A b: 1\r\n", 0, "A b: 1\r\n" },
	{ "A\t : 1\r\n", 1, "" },
	{ "\xc3\xbc: 1\r\n", 0, "\xc3\xbc: 1\r\n" },
	{ "A:\r\n", 1, "" },
};

static void test_blocks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		struct span rest = span_text(blocks[i].header);
		struct field field;
		unsigned count = 0;

		while (fields_next(&rest, &field))
			count++;
		assert_int_equal(count, blocks[i].count);
		assert_true(span_is(rest, blocks[i].rest));
	}
}

static void test_find(void **state)
{
	struct span header =
		span_text("To: a\r\nSUBJECT : b\r\n c\r\nSubject: d\r\n\r\nFrom: e\r\n");
	struct field field;

	(void)state;
	assert_true(fields_find(header, "Subject", &field));
	assert_true(span_is(field.name, "SUBJECT"));
	assert_true(span_is(field.body, " b\r\n c\r\n"));
	assert_true(span_is(field.whole, "SUBJECT : b\r\n c\r\n"));
	assert_false(fields_find(header, "From", &field));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
