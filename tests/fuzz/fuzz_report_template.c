/* SPDX-License-Identifier: ISC */
/* A text that is taken makes a report whose header has what is ours and what the text names. */
#include <assert.h>
#include <string.h>

#include "mail/fields.h"
#include "mail/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span texts[REPORT_KINDS] = { span_make(data, size), span_text(""), span_text("") };
	struct envelope_recipient bob = { .address = { .local = "bob", .domain = "example.net" } };
	struct report_recipient recipient = { &bob, REPORT_FAILED, "5.1.1", "smtp; 550 no", "", 0 };
	struct envelope envelope = { .sender = { .local = "a", .domain = "example.com" } };
	struct report report = { .reporting_mta = "mx",
				 .from = "p@mx",
				 .id = "1",
				 .envelope = &envelope,
				 .recipients = &recipient,
				 .count = 1,
				 .header = span_text("Subject: x\r\n") };
	struct report_template *template;
	struct report_fault fault = { .why = NULL };
	struct buffer out = BUFFER_EMPTY;
	struct span rest;
	struct field field;

	template = report_template_parse(texts, &fault);
	if (template == NULL) {
		assert(fault.why != NULL && fault.line > 0);
		return 0;
	}
	report_write(&out, &report, template);
	for (rest = buffer_span(&out); fields_next(&rest, &field);)
		assert(!span_is_nocase(field.name, "Bcc"));
	assert(rest.length > 2 && memcmp(rest.at, "\r\n", 2) == 0);
	buffer_clear(&out);
	report_template_free(template);
	return 0;
}
