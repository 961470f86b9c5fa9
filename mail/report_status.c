/* SPDX-License-Identifier: ISC */
/* message/delivery-status (RFC 3464) and message/global-delivery-status (RFC 6533). */
#include "mail/report_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "mail/text.h"

static const char *const actions[] = {
	[REPORT_FAILED] = "failed",       [REPORT_DELAYED] = "delayed",
	[REPORT_DELIVERED] = "delivered", [REPORT_RELAYED] = "relayed",
	[REPORT_EXPANDED] = "expanded",
};

/* status-code of RFC 3464 section 2.3.4. */
static bool status_valid(const char *status)
{
	static const char form[] = "c.d.d";
	const char *at = status;

	for (const char *part = form; *part != '\0'; part++) {
		size_t digits = strspn(at, "0123456789");

		if (*part == '.' ? *at != '.' : digits == 0 || digits > 3)
			return false;
		if (*part == 'c' && (digits != 1 || strchr("245", *at) == NULL))
			return false;
		at += *part == '.' ? 1 : digits;
	}
	return *at == '\0';
}

const char *report_status(const struct report_recipient *recipient)
{
	if (status_valid(recipient->status))
		return recipient->status;
	switch (recipient->action) {
	case REPORT_FAILED:
		return "5.0.0";
	case REPORT_DELAYED:
		return "4.0.0";
	default:
		return "2.0.0";
	}
}

/* A field whose text is folded where it is long. */
static void add_field(struct buffer *to, const char *name, const char *type, struct span text,
		      bool global)
{
	struct buffer line = BUFFER_EMPTY;

	if (global)
		text_add_line(&line, text);
	else
		text_add_ascii(&line, text);
	buffer_add_format(to, "%s: %s", name, type);
	text_add_folded(to, buffer_span(&line), strlen(name) + 2 + strlen(type), "\r\n\t");
	buffer_add_text(to, "\r\n");
	buffer_clear(&line);
}

static void add_date(struct buffer *to, const char *name, int64_t when)
{
	char date[CLOCK_RFC5322_SIZE];

	if (when == 0)
		return;
	clock_rfc5322(when, date);
	buffer_add_format(to, "%s: %s\r\n", name, date);
}

/* xtext of RFC 3461 section 4. */
static void add_xtext(struct buffer *to, struct span text)
{
	struct buffer decoded = BUFFER_EMPTY;

	for (; text.length > 0; text = span_skip(text, 1)) {
		char c = text.at[0];
		size_t length;

		if (c == '+' && text.length > 2 &&
		    hex_decode(span_make(text.at + 1, 2), &c, 1, &length))
			text = span_skip(text, 2);
		buffer_add(&decoded, &c, 1);
	}
	text_add_ascii(to, buffer_span(&decoded));
	buffer_clear(&decoded);
}

static uint32_t code_point(const unsigned char *c, size_t length)
{
	uint32_t code = length == 1 ? c[0] : c[0] & (0xffu >> (length + 1));

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (c[i] & 0x3fu);
	return code;
}

static size_t utf8_length(unsigned char first)
{
	return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* utf-8-addr-xtext of RFC 6533 section 3, of valid UTF-8; what is embedded already stays. */
static void add_embedded(struct buffer *to, struct span text)
{
	while (text.length > 0) {
		size_t length = utf8_length((unsigned char)text.at[0]);
		bool plain = length == 1 && strchr("+=", text.at[0]) == NULL;

		if (length > text.length)
			return;
		if (plain)
			buffer_add(to, text.at, 1);
		else
			buffer_add_format(to, "\\x{%02X}",
					  code_point((const unsigned char *)text.at, length));
		text = span_skip(text, length);
	}
}

/* Of an address in UTF-8: as it is where the report may have it, else encoded. */
static void add_utf8(struct buffer *to, struct span text, bool global)
{
	struct buffer clean = BUFFER_EMPTY;

	text_add_line(&clean, text);
	if (global)
		buffer_add(to, buffer_span(&clean).at, buffer_used(&clean));
	else
		add_embedded(to, buffer_span(&clean));
	buffer_clear(&clean);
}

static void add_original_recipient(struct buffer *to, const char *orcpt, bool global)
{
	struct span text = span_text(orcpt), type;

	if (orcpt == NULL || strchr(orcpt, ';') == NULL)
		return;
	(void)span_cut(&text, ';', &type);
	buffer_add_text(to, "Original-Recipient: ");
	text_add_ascii(to, type);
	buffer_add_text(to, "; ");
	if (span_is_nocase(type, "utf-8"))
		add_utf8(to, text, global);
	else
		add_xtext(to, text);
	buffer_add_text(to, "\r\n");
}

static void add_final_recipient(struct buffer *to, const struct address *address, bool global)
{
	char text[ADDRESS_TEXT_SIZE];

	address_text(address, text);
	buffer_add_format(to, "Final-Recipient: %s; ", address->utf8 ? "utf-8" : "rfc822");
	if (address->utf8)
		add_utf8(to, span_text(text), global);
	else
		text_add_ascii(to, span_text(text));
	buffer_add_text(to, "\r\n");
}

/* A reply has its type in front; words of our own get one that no standard has. */
static void add_diagnostic(struct buffer *to, const char *diagnostic, bool global)
{
	struct span text = span_text(diagnostic);
	bool smtp = span_starts_nocase(text, "smtp;");

	if (text.length == 0)
		return;
	if (smtp)
		text = span_trim(span_skip(text, strlen("smtp;")));
	add_field(to, "Diagnostic-Code", smtp ? "smtp; " : "x-postern; ", text, global);
}

static void add_recipient(struct buffer *to, const struct report *report,
			  const struct report_recipient *recipient, bool global)
{
	buffer_add_text(to, "\r\n");
	add_original_recipient(to, recipient->recipient->orcpt, global);
	add_final_recipient(to, &recipient->recipient->address, global);
	buffer_add_format(to, "Action: %s\r\nStatus: %s\r\n", actions[recipient->action],
			  report_status(recipient));
	if (recipient->mta[0] != '\0')
		add_field(to, "Remote-MTA", "dns; ", span_text(recipient->mta), global);
	add_diagnostic(to, recipient->diagnostic, global);
	add_date(to, "Last-Attempt-Date", recipient->last_attempt);
	if (recipient->action == REPORT_DELAYED)
		add_date(to, "Will-Retry-Until", report->will_retry_until);
}

void report_add_status(struct buffer *to, const struct report *report, bool global)
{
	buffer_add_text(to, global ? "Content-Type: message/global-delivery-status\r\n"
				     "Content-Transfer-Encoding: 8bit\r\n"
				   : "Content-Type: message/delivery-status\r\n");
	buffer_add_text(to, "Content-Description: Delivery report\r\n\r\n");
	add_field(to, "Reporting-MTA", "dns; ", span_text(report->reporting_mta), global);
	if (report->envelope->envid[0] != '\0') {
		buffer_add_text(to, "Original-Envelope-Id: ");
		add_xtext(to, span_text(report->envelope->envid));
		buffer_add_text(to, "\r\n");
	}
	add_date(to, "Arrival-Date", report->arrived);
	add_field(to, "X-Postern-Message", "", span_text(report->id), false);
	for (size_t i = 0; i < report->count; i++)
		add_recipient(to, report, &report->recipients[i], global);
}
