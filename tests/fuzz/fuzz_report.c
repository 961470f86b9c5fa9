/* SPDX-License-Identifier: ISC */
/* Whatever a message and a server say, the header of the report has our fields and no more. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mail/fields.h"
#include "mail/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count_fields(struct span text)
{
	struct field field;
	unsigned count = 0;

	while (fields_next(&text, &field)) {
		count++;
		/* The references are there only if the message has a name that can be given. */
		count -= span_is(field.name, "In-Reply-To") || span_is(field.name, "References") ||
			 span_is(field.name, "Content-Transfer-Encoding");
	}
	assert(text.length > 2 && memcmp(text.at, "\r\n", 2) == 0);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envelope_recipient bob = { .address = { .local = "bob", .domain = "example.net" } };
	struct envelope envelope = { .sender = { .local = "a", .domain = "example.com" } };
	struct report_recipient recipient = { &bob, REPORT_FAILED, "", "", "", 0 };
	struct report report = { .reporting_mta = "mx",
				 .from = "p@mx",
				 .id = "1",
				 .envelope = &envelope,
				 .recipients = &recipient,
				 .count = 1 };
	struct buffer out = BUFFER_EMPTY;
	char *text = memory_text_n(data, size);

	report.header = report.message = span_make(data, size);
	recipient.status = recipient.diagnostic = recipient.mta = text;
	bob.orcpt = text;
	report.utf8 = size % 2 == 0;
	report_write(&out, &report, report_template_default());
	assert(count_fields(buffer_span(&out)) == 8);
	buffer_clear(&out);
	free(text);
	return 0;
}
