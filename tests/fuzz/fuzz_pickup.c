/* SPDX-License-Identifier: ISC */
/* Whatever a file has, what is sent are whole lines, the envelope has addresses, Bcc is gone. */
#include <assert.h>
#include <string.h>

#include "mail/fields.h"
#include "mail/lines.h"
#include "mail/pickup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sent(struct span sent)
{
	struct lines lines = { 0 };
	struct field field;

	lines_check(&lines, sent);
	assert(!lines.bare && !lines.cr && !span_has_nul(sent));
	assert(sent.length >= 2 && memcmp(sent.at + sent.length - 2, "\r\n", 2) == 0);
	while (fields_next(&sent, &field))
		assert(!span_is_nocase(field.name, "Bcc"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pickup_rules rules = {
		"mx", size % 2 == 0 ? "d.test" : "", "1", 1, 15, size % 3 == 0
	};
	char why[PICKUP_REASON_SIZE] = "";
	struct buffer out = BUFFER_EMPTY;
	struct envelope envelope;
	struct pickup_body body;
	struct span text = span_make(data, size);
	size_t used;
	unsigned lines;

	if (!pickup_head(text, size % 5 != 0, &rules, &envelope, &out, &used, &lines, why)) {
		assert(why[0] != '\0' && utf8_valid(span_text(why)));
		buffer_clear(&out);
		return 0;
	}
	assert(envelope.count > 0 && used <= size);
	check_sent(buffer_span(&out));
	pickup_body_init(&body, lines, rules.unstuff);
	if (pickup_body_add(&body, span_skip(text, used), &out, why) &&
	    pickup_body_end(&body, &out, why))
		check_sent(buffer_span(&out));
	else
		assert(why[0] != '\0');
	envelope_clear(&envelope);
	buffer_clear(&out);
	return 0;
}
