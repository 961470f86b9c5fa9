/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mail/report_private.h"

struct text {
	const char *text;
	unsigned line;   /* 0: it is right */
	const char *why; /* the beginning */
};
static const struct text texts[] = {
	{ "Subject: a\n\nb\n", 0, "" },
	{ "Subject: a\r\n\r\nb", 0, "" },
	{ "\xef\xbb\xbfSubject: a\n\nb\n", 0, "" },
	{ "X-Site: 1\nSubject: %{id} 100%%\n\n%{recipients}\n%{date}, %{host}\n", 0, "" },
	{ "", 0, "" },
	{ "Subject: a\n", 1, "there are no words" },
	{ "\nb\n", 1, "there is no \"Subject" },
	{ "X-A: 1\n\nb\n", 2, "there is no \"Subject" },
	{ "hello\n", 1, "a field is" },
	{ "Subject: a\n b\n\nc\n", 2, "a field is" },
	{ "Subject: a\nSubject: b\n\nc\n", 2, "there is a Subject already" },
	{ "Subject:\n\nc\n", 1, "the Subject is empty" },
	{ "From: me\nSubject: a\n\nb\n", 1, "the gateway writes" },
	{ "Subject: a\ncontent-type: text/html\n\nb\n", 2, "the gateway writes" },
	{ "Subject: a\nX-A: \xc3\xb6\n\nb\n", 2, "fields other than" },
	{ "Subject: a\n\nb %{nothing}\n", 3, "a placeholder is one of" },
	{ "Subject: a\n\nb 100%\n", 3, "a placeholder is one of" },
	{ "Subject: a\n\n%{id\n", 3, "a placeholder is one of" },
	{ "Subject: a\n\nto: %{recipients}\n", 3, "%{recipients}, " },
	{ "Subject: %{reason}\n\nb\n", 1, "%{recipients}, " },
	{ "Subject: a\n\n\xff\n", 3, "the text is not UTF-8" },
	{ "Subject: a\n\nx\x1b[31m\n", 3, "a control character" },
	{ "Subject: a\n\nx\ry\n", 3, "a control character" },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct text *row = &texts[i];
		struct span spans[REPORT_KINDS] = { span_text(""), span_text(row->text),
						    span_text("") };
		struct report_fault fault = { 0 };
		struct report_template *template = report_template_parse(spans, &fault);

		if ((template != NULL) != (row->line == 0))
			fail_msg("row %zu: %s", i, template != NULL ? "taken" : fault.why);
		if (template == NULL) {
			assert_int_equal(fault.kind, REPORT_KIND_DELAYED);
			assert_int_equal(fault.line, row->line);
			assert_memory_equal(fault.why, row->why, strlen(row->why));
		}
		report_template_free(template);
	}
}

static void test_sizes(void **state)
{
	char *text = malloc(100000);
	struct span spans[REPORT_KINDS] = { { "", 0 }, { "", 0 }, { "", 0 } };
	struct report_fault fault;

	(void)state;
	memset(text, 'x', 100000);
	memcpy(text, "Subject: a\n\n", 12);
	spans[0] = span_make(text, 1000);
	assert_null(report_template_parse(spans, &fault));
	assert_int_equal(fault.line, 3);
	assert_string_equal(fault.why, "the line is too long: at most 900 octets");
	spans[0] = span_make(text, 100000);
	assert_null(report_template_parse(spans, &fault));
	assert_int_equal(fault.line, 1);
	assert_string_equal(fault.why, "the text is larger than 64 KiB");
	free(text);
}

/* The samples are what is built in, so that whoever changes one begins with what there is. */
static void test_samples(void **state)
{
	static const char *const names[REPORT_KINDS] = { "failed", "delayed", "success" };
	static char read[REPORT_KINDS][10000];
	struct span spans[REPORT_KINDS];
	struct report_template *template;
	struct report_fault fault;

	(void)state;
	for (unsigned i = 0; i < REPORT_KINDS; i++) {
		char path[100];
		FILE *file;

		snprintf(path, sizeof(path), "conf/templates/%s.txt", names[i]);
		file = fopen(path, "r");
		assert_non_null(file);
		spans[i] = span_make(read[i], fread(read[i], 1, sizeof(read[i]), file));
		fclose(file);
	}
	template = report_template_parse(spans, &fault);
	assert_non_null(template);
	for (unsigned i = 0; i < REPORT_KINDS; i++) {
		const struct report_words *words = &report_template_default()->words[i];

		assert_string_equal(template->words[i].subject, words->subject);
		assert_string_equal(template->words[i].fields, words->fields);
		assert_string_equal(template->words[i].body, words->body);
	}
	report_template_free(template);
}

static void test_fields(void **state)
{
	static const char text[] = "X-Site: 1\nSubject: S %{id} 100%%\nReply-To: <h@x.test>\n\n"
				   "%{sender}|%{until}|%{subject}\n%{recipients}\n";
	struct span spans[REPORT_KINDS] = { span_text(text), span_text(""), span_text("") };
	struct envelope envelope;
	struct report_recipient recipient = { NULL, REPORT_FAILED, "5.1.1", "", "", 0 };
	struct report report = { .reporting_mta = "mx.test",
				 .from = "p@x.test",
				 .id = "Q1",
				 .envelope = &envelope,
				 .recipients = &recipient,
				 .count = 1,
				 .header = span_text("") };
	struct report_template *template;
	struct report_fault fault;
	struct buffer out = BUFFER_EMPTY;
	const char *why;

	(void)state;
	envelope_init(&envelope);
	assert_true(address_parse(span_text("a@x.test"), &envelope.sender, &why));
	recipient.recipient = envelope_add(&envelope, &envelope.sender);
	template = report_template_parse(spans, &fault);
	assert_non_null(template);
	report_write(&out, &report, template);
	buffer_add(&out, "", 1);
	assert_non_null(strstr(buffer_bytes(&out), "\r\nSubject: S Q1 100%\r\n"));
	assert_non_null(strstr(buffer_bytes(&out), "\r\nX-Site: 1\r\nReply-To: <h@x.test>\r\n"));
	assert_non_null(strstr(buffer_bytes(&out),
			       "\r\na@x.test|Thu, 1 Jan 1970 00:00:00 +0000|(no subject)\r\n"
			       "    a@x.test\r\n"));
	buffer_clear(&out);
	report_template_free(template);
	envelope_clear(&envelope);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_fields),
	};

	assert(setenv("TZ", "UTC", 1) == 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
