/* SPDX-License-Identifier: ISC */
/* What is given back of the message (RFC 6522 section 3, RFC 6533 section 6). */
#include "mail/report_private.h"

#include <string.h>

#include "mail/fields.h"
#include "mail/text.h"

#define LINE_MAX 998 /* RFC 5322 section 2.1.1 */

bool report_gives_all(const struct report *report)
{
	uint64_t most = REPORT_FULL_MAX;
	bool failed = false;

	for (size_t i = 0; i < report->count; i++)
		failed |= report->recipients[i].action == REPORT_FAILED;
	if (report->envelope->ret == ENVELOPE_RET_FULL)
		most = REPORT_FULL_ASKED_MAX;
	/* Binary could not be passed on by every server that passes on the report. */
	return failed && report->envelope->ret != ENVELOPE_RET_HDRS && report->message.length > 0 &&
	       report->message.length <= most &&
	       report->envelope->body != ENVELOPE_BODY_BINARYMIME && !span_has_nul(report->message);
}

/* Whole fields, as many as are permitted. */
struct span report_header(const struct report *report)
{
	struct span rest = report->header;
	size_t used = 0;
	struct field field;

	while (fields_next(&rest, &field) && used + field.whole.length <= REPORT_HEADER_MAX)
		used += field.whole.length;
	return span_make(report->header.at, used);
}

/* Only lines that every server passes on as they are? */
static bool is_plain(struct span text)
{
	size_t column = 0;

	for (size_t i = 0; i < text.length; i++) {
		char c = text.at[i];

		if (c == '\r' && i + 1 < text.length && text.at[i + 1] == '\n') {
			column = 0;
			i++;
		} else if (++column > LINE_MAX || (unsigned char)c > 126 || (c < 32 && c != '\t')) {
			return false;
		}
	}
	return true;
}

static void add_header(struct buffer *to, struct span header, bool global)
{
	if (global && !text_is_ascii(header)) {
		buffer_add_text(to, "Content-Type: message/global-headers\r\n");
	} else {
		buffer_add_text(to, "Content-Type: text/rfc822-headers\r\n");
		global = false;
	}
	buffer_add_text(to, "Content-Description: Header of your message\r\n");
	if (global) {
		buffer_add_text(to, "Content-Transfer-Encoding: 8bit\r\n\r\n");
		buffer_add(to, header.at, header.length);
	} else if (is_plain(header)) {
		buffer_add_text(to, "\r\n");
		buffer_add(to, header.at, header.length);
	} else {
		buffer_add_text(to, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
		text_add_quoted(to, header);
	}
}

static void add_message(struct buffer *to, struct span message, struct span header, bool global)
{
	buffer_add_format(to, "Content-Type: message/%s\r\n",
			  global && !text_is_ascii(header) ? "global" : "rfc822");
	buffer_add_text(to, "Content-Description: Your message\r\n");
	if (!text_is_ascii(message))
		buffer_add_text(to, "Content-Transfer-Encoding: 8bit\r\n");
	buffer_add_text(to, "\r\n");
	buffer_add(to, message.at, message.length);
}

void report_add_original(struct buffer *to, const struct report *report, bool global)
{
	if (report_gives_all(report))
		add_message(to, report->message, report_header(report), global);
	else
		add_header(to, report_header(report), global);
}
