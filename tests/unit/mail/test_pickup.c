/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mail/pickup.h"

#define TRACE "Received: by mx.test (pickup)\r\n\tid P1;\r\n\tThu, 1 Jan 1970 00:16:40 +0000\r\n"
#define DATE  "Date: Thu, 1 Jan 1970 00:16:40 +0000\r\n"
#define ID    "Message-ID: <P1.1000@mx.test>\r\n"

static const struct pickup_rules rules = { "mx.test", "d.test", "P1", 1000, 3, false };

struct file {
	const char *text;
	const char *sender, *recipients; /* with a blank behind each; NULL: it is refused */
	const char *header;              /* or why */
	const char *body;
};
static const struct file files[] = {
	{ "From: a@x.test\nTo: b@y.test\n\nhello\n", "a@x.test", "b@y.test ",
	  TRACE "From: a@x.test\r\nTo: b@y.test\r\n" DATE ID "\r\n",
	  "hello\n" },
	{ "\xef\xbb\xbf"
	  "From: a@x.test\r\nTo: b@y.test\r\n\r\nhello",
	  "a@x.test", "b@y.test ",
	  TRACE "From: a@x.test\r\nTo: b@y.test\r\n" DATE ID "\r\n",
	  "hello" },
	{ "x-sender: s@x.test\nX-Receiver: <r@y.test>\nx-receiver: q@y.test\nFrom: a@x.test\n"
	  "To: b@y.test\nDate: d\nMessage-id: <i>\n\n",
	  "s@x.test", "r@y.test q@y.test ",
	  TRACE "From: a@x.test\r\nTo: b@y.test\r\nDate: d\r\n"
	  "Message-id: <i>\r\n\r\n",
	  "" },
	{ "x-receiver: r@y.test\nx-sender: <>\nSubject: x\nDate: d\nMessage-ID: <i>\n", "",
	  "r@y.test ",
	  TRACE "Subject: x\r\nDate: d\r\nMessage-ID: <i>\r\n\r\n", "" },
	{ "x-sender: s@x.test\nTo: b@y.test\nDate: d\nMessage-ID: <i>\n\n", "s@x.test", "b@y.test ",
	  TRACE "To: b@y.test\r\nDate: d\r\nMessage-ID: <i>\r\n"
	  "From: <s@x.test>\r\n\r\n",
	  "" },
	/* Bcc is an address of the envelope and nothing else, folded or not. */
	{ "From: A <a@x.test>\nTo: B <b@y.test>,\n c@y.test (C)\nBcc: d@y.test,\n\te@y.test\n"
	  "Cc: Team: f@y.test, b@Y.TEST;\nReturn-Path: <z@z.test>\nDate: d\nMessage-ID: <i>\n\nx",
	  "a@x.test", "b@y.test c@y.test d@y.test e@y.test f@y.test ",
	  TRACE "From: A <a@x.test>\r\nTo: B <b@y.test>,\r\n"
	  " c@y.test (C)\r\nCc: Team: f@y.test, b@Y.TEST;\r\nDate: d\r\nMessage-ID: <i>\r\n\r\n",
	  "x" },
	{ "From: a@x.test, c@x.test\nSender: s@x.test\nTo: bob\nDate: d\nMessage-ID: <i>\n\n",
	  "s@x.test", "bob@d.test ",
	  TRACE "From: a@x.test, c@x.test\r\nSender: s@x.test\r\n"
	  "To: bob\r\nDate: d\r\nMessage-ID: <i>\r\n\r\n",
	  "" },
	/* Later lines of that name are fields like others. */
	{ "From: a@x.test\nX-Receiver: r@y.test\nTo: b@y.test\nDate: d\nMessage-ID: <i>\n\n",
	  "a@x.test", "b@y.test ",
	  TRACE "From: a@x.test\r\nX-Receiver: r@y.test\r\n"
	  "To: b@y.test\r\nDate: d\r\nMessage-ID: <i>\r\n\r\n",
	  "" },
	{ "", NULL, NULL, "there is neither an x-sender line at the beginning nor a From field",
	  NULL },
	{ "To: b@y.test\n\n", NULL, NULL,
	  "there is neither an x-sender line at the beginning nor a From field", NULL },
	{ "From: a@x.test\n\n", NULL, NULL,
	  "there are no recipients: neither x-receiver lines at the "
	  "beginning nor addresses in To, Cc or Bcc",
	  NULL },
	{ "From: a@x.test\nTo: none:;\n\n", NULL, NULL,
	  "there are no recipients: neither x-receiver lines at the beginning nor addresses in To, "
	  "Cc "
	  "or Bcc",
	  NULL },
	{ "From: a@x.test\nTo: b@y.test, c@@y.test\n\n", NULL, NULL,
	  "line 2, To: bad domain, at \"c@@y.test\"", NULL },
	{ "From:\nTo: b@y.test\n\n", NULL, NULL, "line 1, From: no address, at \"\"", NULL },
	{ "Subject: x\n y\nFrom: Alice\x01 Adams\nTo: b@y.test\n\n", NULL, NULL,
	  "line 3, From: a name without an address in \"<\" and \">\" behind it, or blanks in an "
	  "address, at \"Alice  Adams\"",
	  NULL },
	{ "From: a@x.test\nhello world\n\n", NULL, NULL,
	  "line 2, the header: neither a field (\"Name: text\") nor the blank line that ends them, "
	  "at "
	  "\"hello world\"",
	  NULL },
	{ "x-sender: a@x.test\nx-sender: b@x.test\n\n", NULL, NULL,
	  "line 2: there is an x-sender already", NULL },
	{ "x-receiver: a@x.test b@x.test\n\n", NULL, NULL,
	  "line 1, x-receiver: unexpected character in address, at \"a@x.test b@x.test\"", NULL },
	{ "x-receiver: <a@x.test> b\n\n", NULL, NULL,
	  "line 1, x-receiver: text stands behind the address, at \"<a@x.test> b\"", NULL },
	{ "x-receiver: <>\n\n", NULL, NULL, "line 1, x-receiver: empty address, at \"<>\"", NULL },
	{ "From: a@x.test\nTo: b@y.test\nSubject: a\rb\n\n", NULL, NULL,
	  "line 3 has a CR that is not followed by LF", NULL },
	{ "From: a@x.test\nSubject: \xff\nTo: b@y.test\n\n", NULL, NULL,
	  "line 2: a header field is neither ASCII nor UTF-8: encode it (RFC 2047)", NULL },
	{ "Received: 1\nReceived: 2\nReceived: 3\nReceived: 4\nFrom: a@x.test\nTo: b@y.test\n\n",
	  NULL, NULL, "the message goes round in a circle: it has 4 Received fields", NULL },
};

static void check_file(const struct file *file, size_t row)
{
	struct buffer out = BUFFER_EMPTY, list = BUFFER_EMPTY;
	struct span text = span_text(file->text);
	struct envelope envelope;
	char address[ADDRESS_TEXT_SIZE], why[PICKUP_REASON_SIZE] = "";
	size_t used = 0;
	unsigned lines;

	if (!pickup_head(text, true, &rules, &envelope, &out, &used, &lines, why)) {
		if (file->recipients != NULL || strcmp(why, file->header) != 0)
			fail_msg("row %zu: %s", row, why);
		buffer_clear(&out);
		return;
	}
	if (file->recipients == NULL)
		fail_msg("row %zu was taken", row);
	for (size_t i = 0; i < envelope.count; i++) {
		address_text(&envelope.recipients[i].address, address);
		buffer_add_format(&list, "%s ", address);
	}
	address_text(&envelope.sender, address);
	assert_string_equal(address, file->sender);
	assert_true(span_is(buffer_span(&list), file->recipients));
	if (!span_is(buffer_span(&out), file->header))
		fail_msg("row %zu: %.*s", row, (int)buffer_used(&out), buffer_span(&out).at);
	assert_true(span_is(span_skip(text, used), file->body));
	envelope_clear(&envelope);
	buffer_clear(&out);
	buffer_clear(&list);
}

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		check_file(&files[i], i);
}

static bool refused(struct span text, bool whole, const char *expected)
{
	struct buffer out = BUFFER_EMPTY;
	struct envelope envelope;
	char why[PICKUP_REASON_SIZE] = "";
	size_t used;
	unsigned lines;
	bool good = pickup_head(text, whole, &rules, &envelope, &out, &used, &lines, why);

	if (good)
		envelope_clear(&envelope);
	else if (strcmp(why, expected) != 0)
		fail_msg("%s", why);
	buffer_clear(&out);
	return !good;
}

static void test_limits(void **state)
{
	static const char utf16[] = "F\0r\0o\0m\0:\0\n\0\n";
	static const char nul[] = "From: a@x.test\nTo: b@y.test\nSubject: a\0b\n\n";
	struct buffer text = BUFFER_EMPTY;

	(void)state;
	assert_true(
		refused(span_make(nul, sizeof(nul) - 1), true,
			"line 3 has a NUL octet: write the file as ASCII or UTF-8, not UTF-16"));
	assert_true(
		refused(span_make(utf16, 12), true,
			"line 1 has a NUL octet: write the file as ASCII or UTF-8, not UTF-16"));
	assert_true(refused(span_text("From: a@x.test\nTo: b@y.test\n"), false,
			    "the header is larger than 262144 octets"));
	buffer_add_text(&text, "From: a@x.test\nX-Long: ");
	for (unsigned i = 0; i < 991; i++)
		buffer_add_text(&text, "x");
	buffer_add_text(&text, "\nTo: b@y.test\n\n");
	assert_true(
		refused(buffer_span(&text), true,
			"line 2 is longer than 998 octets: encode that part (quoted-printable or "
			"base64)"));
	buffer_clear(&text);
	for (unsigned most = PICKUP_RECIPIENTS_MAX; most <= PICKUP_RECIPIENTS_MAX + 1; most++) {
		buffer_add_text(&text, "x-sender: a@x.test\n");
		for (unsigned i = 0; i < most; i++)
			buffer_add_format(&text, "x-receiver: r%u@y.test\n", i);
		assert_int_equal(refused(buffer_span(&text), true,
					 "there are more than 1000 recipients: send the message in "
					 "several files"),
				 most > PICKUP_RECIPIENTS_MAX);
		buffer_clear(&text);
	}
}

struct text {
	const char *from, *to; /* NULL: refused */
	bool unstuff, wide;
	const char *why;
};
static const struct text texts[] = {
	{ "", "", false, false, NULL },
	{ "a\nb\r\nc", "a\r\nb\r\nc\r\n", false, false, NULL },
	{ "\n\n", "\r\n\r\n", false, false, NULL },
	{ "W\xc3\xb6rter\n", "W\xc3\xb6rter\r\n", false, true, NULL },
	{ ".\n..\n...a\n", ".\r\n..\r\n...a\r\n", false, false, NULL },
	{ ".\n..\n...a\n.b\na.\na..", ".\r\n.\r\n..a\r\n.b\r\na.\r\na..\r\n", true, false, NULL },
	{ "a\n.", "a\r\n.\r\n", true, false, NULL },
	{ "a\r\n..\r\n.\r\nb", "a\r\n.\r\n.\r\nb\r\n", true, false, NULL },
	{ "a\nb\rc\n", NULL, false, false, "line 12 has a CR that is not followed by LF" },
	{ "a\n\r", NULL, false, false, "line 12 has a CR that is not followed by LF" },
};

static void check_text(const struct text *row, size_t piece)
{
	struct buffer out = BUFFER_EMPTY;
	struct pickup_body body;
	char why[PICKUP_REASON_SIZE] = "";
	struct span rest = span_text(row->from);
	bool good = true;

	pickup_body_init(&body, 10, row->unstuff);
	while (good && rest.length > 0) {
		size_t n = piece < rest.length ? piece : rest.length;

		good = pickup_body_add(&body, span_make(rest.at, n), &out, why);
		rest = span_skip(rest, n);
	}
	good = good && pickup_body_end(&body, &out, why);
	assert_int_equal(good, row->to != NULL);
	if (!good) {
		assert_string_equal(why, row->why);
	} else {
		if (!span_is(buffer_span(&out), row->to))
			fail_msg("\"%s\" became \"%.*s\"", row->from, (int)buffer_used(&out),
				 buffer_span(&out).at);
		assert_int_equal(body.wide, row->wide);
	}
	buffer_clear(&out);
}

static void test_texts(void **state)
{
	char line[PICKUP_LINE_MAX + 2], why[PICKUP_REASON_SIZE];
	struct buffer out = BUFFER_EMPTY;
	struct pickup_body body;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (size_t piece = 1; piece < 5; piece++)
			check_text(&texts[i], piece);
	}
	memset(line, 'x', sizeof(line));
	line[PICKUP_LINE_MAX] = '\n';
	pickup_body_init(&body, 0, false);
	assert_true(pickup_body_add(&body, span_make(line, PICKUP_LINE_MAX + 1), &out, why));
	line[PICKUP_LINE_MAX] = 'x';
	assert_false(pickup_body_add(&body, span_make(line, PICKUP_LINE_MAX + 1), &out, why));
	assert_string_equal(why, "line 2 is longer than 998 octets: encode that part "
				 "(quoted-printable or base64)");
	pickup_body_init(&body, 0, false);
	assert_false(pickup_body_add(&body, span_make("a\0", 2), &out, why));
	assert_memory_equal(why, "line 1 has a NUL octet", 22);
	buffer_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_texts),
	};

	if (setenv("TZ", "UTC", 1) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
