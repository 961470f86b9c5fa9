/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "mail/header.h"

#define LONG "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

struct message {
	const char *before, *after; /* where the header block ends */
	unsigned received;
	bool date, message_id, from, ended, by_blank;
};

static const struct message messages[] = {
	{ "", "", 0, false, false, false, false, false },
	{ "From: a\r\nDate: b\r\nMessage-ID: c\r\n", "\r\nDate: x\r\nReceived: x\r\n", 0, true,
	  true, true, true, true },
	{ "", "\r\nFrom: a\r\n", 0, false, false, false, true, true },
	{ "Received: a\r\n\tfrom: x\r\n date: y\r\nRECEIVED: b\r\nreceived : c\r\n", "\r\n", 3,
	  false, false, false, true, true },
	{ "X-Received: a\r\nReceive: b\r\nReceived-SPF: c\r\nReceivedd: d\r\n", "\r\n", 0, false,
	  false, false, true, true },
	{ "From: a\r\n", "no field\r\nDate: x\r\n", 0, false, false, true, true, false },
	{ "", "no field\r\n", 0, false, false, false, true, false },
	{ "", " continued\r\n", 0, false, false, false, true, false },
	{ "", ": a\r\n", 0, false, false, false, true, false },
	{ "", "nofield\r\n", 0, false, false, false, true, false },
	{ "", "n\xc3\xbc: x\r\n", 0, false, false, false, true, false },
	{ "From:\r\n", "\r\n", 0, false, false, true, true, true },
	{ "From: a\r\n", "", 0, false, false, true, false, false },
	{ "From: a", "", 0, false, false, true, false, false },
	{ LONG ": a\r\nDate: b\r\n", "\r\n", 0, true, false, false, true, true },
	{ "a\t : b\r\nDate\t:\r\n", "\r\n", 0, true, false, false, true, true },
};

static void add(struct buffer *to, struct span bytes)
{
	if (bytes.length > 0)
		buffer_add(to, bytes.at, bytes.length);
}

static void check_message(const struct message *message, size_t piece)
{
	struct buffer before = BUFFER_EMPTY, after = BUFFER_EMPTY, text = BUFFER_EMPTY;
	struct header header;
	struct span rest;

	header_init(&header);
	buffer_add_text(&text, message->before);
	buffer_add_text(&text, message->after);
	for (rest = buffer_span(&text); rest.length > 0;) {
		size_t n = piece < rest.length ? piece : rest.length;
		struct span chunk = span_make(rest.at, n);
		struct header_cut cut;

		if (header.ended) {
			add(&after, chunk);
		} else {
			bool ended = header_scan(&header, chunk, &cut);

			assert_int_equal(ended, header.ended);
			add(&before, cut.before[0]);
			add(&before, cut.before[1]);
			add(&after, cut.after[0]);
			add(&after, cut.after[1]);
		}
		rest = span_skip(rest, n);
	}
	assert_true(span_equal(buffer_span(&before), span_text(message->before)));
	assert_true(span_equal(buffer_span(&after), span_text(message->after)));
	assert_int_equal(header.received, message->received);
	assert_int_equal(header.has_date, message->date);
	assert_int_equal(header.has_message_id, message->message_id);
	assert_int_equal(header.has_from, message->from);
	assert_int_equal(header.ended, message->ended);
	assert_int_equal(header.by_blank, message->by_blank);
	buffer_clear(&before);
	buffer_clear(&after);
	buffer_clear(&text);
}

static void test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		for (size_t piece = 1; piece < 100; piece++)
			check_message(&messages[i], piece);
	}
}

/* What is still held when the message ends inside a line comes out again. */
static void test_finish(void **state)
{
	struct header header;
	struct header_cut cut;

	(void)state;
	header_init(&header);
	assert_false(header_scan(&header, span_text("From: a\r\nDa"), &cut));
	assert_true(span_is(cut.before[1], "From: a\r\n"));
	assert_false(header_scan(&header, span_text("te"), &cut));
	assert_int_equal(cut.before[0].length + cut.before[1].length, 0);
	assert_true(span_is(header_finish(&header), "Date"));
	assert_false(header.has_date);
	assert_true(header.ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
