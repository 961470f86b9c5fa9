/* SPDX-License-Identifier: ISC */
#include "mail/pickup_private.h"

#include <string.h>

#include "base/clock.h"

/* ---- fields ---- */

static void remember(struct pickup_reading *head, const char *name, const struct field *field)
{
	struct pickup_destination destination = { name, field->body, head->line };

	buffer_add(&head->destinations, &destination, sizeof(destination));
}

/* Lines with CRLF. */
static bool send_field(struct pickup_reading *head, struct span whole)
{
	struct pickup_body lines;

	pickup_body_init(&lines, head->line - 1, false);
	if (!pickup_body_add(&lines, whole, head->out, head->why) ||
	    !pickup_body_end(&lines, head->out, head->why))
		return false;
	if (lines.wide && !utf8_valid(whole))
		return pickup_fail(
			head,
			"line %u: a header field is neither ASCII nor UTF-8: encode it (RFC 2047)",
			head->line);
	head->envelope->smtputf8 |= lines.wide;
	return true;
}

static void see(struct pickup_reading *head, const struct field *field)
{
	if (span_is_nocase(field->name, "Received")) {
		head->received++;
	} else if (span_is_nocase(field->name, "Date")) {
		head->has_date = true;
	} else if (span_is_nocase(field->name, "Message-ID")) {
		head->has_message_id = true;
	} else if (span_is_nocase(field->name, "From")) {
		head->has_from = true;
		if (head->from.at == NULL)
			head->from = field->body;
		head->from_line = head->line;
	} else if (span_is_nocase(field->name, "Sender")) {
		head->sender = field->body;
		head->sender_line = head->line;
	} else if (span_is_nocase(field->name, "To")) {
		remember(head, "To", field);
	} else if (span_is_nocase(field->name, "Cc")) {
		remember(head, "Cc", field);
	} else if (span_is_nocase(field->name, "Bcc")) {
		remember(head, "Bcc", field);
	}
}

/* Who else got it is nobody's business; where it came back to is not the sender's to say. */
static bool is_dropped(const struct field *field)
{
	return span_is_nocase(field->name, "Bcc") || span_is_nocase(field->name, "Resent-Bcc") ||
	       span_is_nocase(field->name, "Return-Path");
}

static bool take_field(struct pickup_reading *head, const struct field *field)
{
	if (!head->past_x && span_is_nocase(field->name, "x-sender"))
		return pickup_x_sender(head, field);
	if (!head->past_x && span_is_nocase(field->name, "x-receiver"))
		return pickup_x_receiver(head, field);
	head->past_x = true;
	see(head, field);
	return is_dropped(field) || send_field(head, field->whole);
}

static unsigned count_lines(struct span text)
{
	unsigned lines = 0;

	for (size_t i = 0; i < text.length; i++)
		lines += text.at[i] == '\n';
	return lines;
}

static bool fail_nul(struct pickup_reading *head)
{
	return pickup_fail(head,
			   "line %u has a NUL octet: write the file as ASCII or UTF-8, not UTF-16",
			   head->line);
}

static bool take_fields(struct pickup_reading *head, struct span *rest, bool whole)
{
	struct span line, after;
	struct field field;

	while (fields_next(rest, &field)) {
		if (span_has_nul(field.whole))
			return fail_nul(head);
		if (!take_field(head, &field))
			return false;
		head->line += count_lines(field.whole);
	}
	after = *rest;
	if (!fields_line(&after, &line)) {
		/* The file ends with the header. */
		return whole ||
		       pickup_fail(head, "the header is larger than %d octets", PICKUP_HEAD_MAX);
	}
	if (span_has_nul(line))
		return fail_nul(head);
	if (line.length > 0)
		return pickup_fail_at(
			head, head->line, "the header",
			"neither a field (\"Name: text\") nor the blank line that ends them", line);
	*rest = after;
	head->line++;
	return true;
}

/* ---- the whole ---- */

/* What stands in front of the fields of the file, and what is missing behind them. */
static void write_trace(const struct pickup_reading *head, struct buffer *out)
{
	char date[CLOCK_RFC5322_SIZE];

	clock_rfc5322(head->rules->now, date);
	buffer_add_format(out, "Received: by %s (pickup)\r\n\tid %s;\r\n\t%s\r\n",
			  head->rules->fqdn, head->rules->id, date);
}

static void write_missing(const struct pickup_reading *head, struct buffer *out)
{
	char date[CLOCK_RFC5322_SIZE], sender[ADDRESS_TEXT_SIZE];

	clock_rfc5322(head->rules->now, date);
	address_text(&head->envelope->sender, sender);
	if (!head->has_from && !address_is_null(&head->envelope->sender))
		buffer_add_format(out, "From: <%s>\r\n", sender);
	if (!head->has_date)
		buffer_add_format(out, "Date: %s\r\n", date);
	if (!head->has_message_id)
		buffer_add_format(out, "Message-ID: <%s.%lld@%s>\r\n", head->rules->id,
				  (long long)head->rules->now, head->rules->fqdn);
	buffer_add_text(out, "\r\n");
}

bool pickup_head(struct span text, bool whole, const struct pickup_rules *rules,
		 struct envelope *envelope, struct buffer *out, size_t *used, unsigned *lines,
		 char why[PICKUP_REASON_SIZE])
{
	struct buffer fields = BUFFER_EMPTY;
	struct pickup_reading head = {
		.rules = rules, .envelope = envelope, .out = &fields, .why = why, .line = 1
	};
	struct span rest = text;
	bool good;

	envelope_init(envelope);
	/* Editors of Windows put a mark in front. */
	if (rest.length >= 3 && memcmp(rest.at, "\xef\xbb\xbf", 3) == 0)
		rest = span_skip(rest, 3);
	good = take_fields(&head, &rest, whole) && pickup_set_envelope(&head);
	if (good) {
		write_trace(&head, out);
		buffer_add(out, buffer_span(&fields).at, buffer_used(&fields));
		write_missing(&head, out);
		*used = (size_t)(rest.at - text.at);
		*lines = head.line - 1;
	} else {
		envelope_clear(envelope);
	}
	buffer_clear(&fields);
	buffer_clear(&head.destinations);
	return good;
}
