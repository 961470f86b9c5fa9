/* SPDX-License-Identifier: ISC */
#include "directory_role/explain_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/memory.h"

static void escapes(void **state)
{
	static const struct {
		const char *value, *wanted;
	} cases[] = {
		{ "CN=Smith\\, John", "CN=Smith\\, John" },
		{ "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x93\xa7",
		  "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x93\xa7" },
		{ "a\r\nRCPT\t250", "a\\x0d\\x0aRCPT\\x09250" },
		{ "\x1b[2J\x7f", "\\x1b[2J\\x7f" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xc3", "\\xc3" },                            /* cut */
		{ "\xc3(", "\\xc3(" },                          /* no continuation */
		{ "\xc0\xaf", "\\xc0\\xaf" },                   /* not the shortest */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },          /* a surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* beyond Unicode */
		{ "\xc2\x9b"
		  "2J",
		  "\\xc2\\x9b"
		  "2J" }, /* CSI */
		{ "\xc2\xa0", "\xc2\xa0" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buffer lines = BUFFER_EMPTY;
		char wanted[100];

		explain_add(&lines, "key", cases[i].value);
		snprintf(wanted, sizeof wanted, "key\t%s\n", cases[i].wanted);
		assert_int_equal(buffer_used(&lines), strlen(wanted));
		assert_memory_equal(buffer_bytes(&lines), wanted, strlen(wanted));
		buffer_clear(&lines);
	}
}

static void cuts_what_is_long(void **state)
{
	struct buffer lines = BUFFER_EMPTY;
	char value[5000];

	(void)state;
	memset(value, 0xff, sizeof value - 1);
	value[sizeof value - 1] = '\0';
	explain_add(&lines, "key", value);
	assert_true(buffer_used(&lines) < 2010);
	assert_memory_equal(buffer_bytes(&lines) + buffer_used(&lines) - 8, "\\xff...\n", 8);
	for (int i = 0; i < 100; i++)
		explain_add(&lines, "key", value);
	assert_true(buffer_used(&lines) <= EXPLAIN_MAX);
	buffer_clear(&lines);
}

static size_t count(const struct buffer *lines, const char *start)
{
	struct span rest = buffer_span(lines), line;
	size_t found = 0;

	while (span_cut(&rest, '\n', &line))
		found += span_starts_nocase(line, start);
	return found;
}

/* An expansion of thousands leaves room for what follows from it. */
static void caps_steps(void **state)
{
	struct buffer lines = BUFFER_EMPTY;
	struct explain_steps steps = explain_steps_begin(&lines, "expansion");

	(void)state;
	for (int i = 0; i < 20000; i++)
		explain_step(&steps, "reaches", "staff@corp.example: u@corp.example");
	explain_step(&steps, "reply", "told elsewhere");
	explain_step(&steps, "group", "staff");
	explain_steps_end(&steps);
	assert_int_equal(count(&lines, "expansion/reaches\t"), EXPLAIN_ALIKE_MAX);
	assert_int_equal(count(&lines, "expansion/left out\t19900 more of \"reaches\""), 1);
	assert_int_equal(count(&lines, "expansion/group\t"), 1);
	assert_int_equal(count(&lines, "expansion/reply\t"), 0);
	for (int i = 0; i < 5000; i++)
		explain_step(&steps, "group", "another group of the tree, with a long name");
	explain_steps_end(&steps);
	assert_true(buffer_used(&lines) < EXPLAIN_MAX - 7000);
	assert_int_equal(count(&lines, "expansion/left out\t"), 3);
	explain_add(&lines, "RCPT", "250 2.1.5 Recipient ok");
	assert_int_equal(count(&lines, "RCPT\t250"), 1);
	buffer_clear(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(escapes),
					    cmocka_unit_test(cuts_what_is_long),
					    cmocka_unit_test(caps_steps) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
