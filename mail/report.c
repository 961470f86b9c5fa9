/* SPDX-License-Identifier: ISC */
#include "mail/report_private.h"

#include <string.h>

#include "base/clock.h"
#include "mail/fields.h"
#include "mail/text.h"
#include "mail/words.h"

/* RFC 3461 section 5: 5.2.2 relayed, 5.2.3 and 5.2.5 delivered, 5.2.6 failed, 5.2.7 delayed. */
bool report_wanted(const struct envelope *envelope, const struct envelope_recipient *recipient,
		   enum report_action action)
{
	unsigned notify = recipient->notify;

	/* A report is never answered with a report (section 5.2.6 and RFC 5321 section 4.5.5). */
	if (address_is_null(&envelope->sender) || (notify & ENVELOPE_NOTIFY_NEVER) != 0)
		return false;
	switch (action) {
	case REPORT_FAILED:
		return notify == 0 || (notify & ENVELOPE_NOTIFY_FAILURE) != 0;
	case REPORT_DELAYED:
		return notify == 0 || (notify & ENVELOPE_NOTIFY_DELAY) != 0;
	default:
		return (notify & ENVELOPE_NOTIFY_SUCCESS) != 0;
	}
}

/* FNV-1a. */
static uint64_t mix(uint64_t hash, struct span octets)
{
	for (size_t i = 0; i < octets.length; i++)
		hash = (hash ^ (unsigned char)octets.at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Of everything that is told: reports that differ have different names, and a boundary that
 * depends on the whole message cannot be written into it beforehand. */
static uint64_t fingerprint(const struct report *report)
{
	uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), span_text(report->id));
	char text[ADDRESS_TEXT_SIZE];

	hash = mix(hash, span_make(&report->now, sizeof(report->now)));
	for (size_t i = 0; i < report->count; i++) {
		address_text(&report->recipients[i].recipient->address, text);
		hash = mix(hash, span_text(text));
		hash = mix(hash, span_make(&report->recipients[i].action,
					   sizeof(report->recipients[i].action)));
	}
	return mix(mix(hash, report->header), report->message);
}

/* RFC 6533 asks for its forms where the others could not say it. */
static bool needs_global(const struct report *report)
{
	bool needed = report->envelope->sender.utf8 || !text_is_ascii(report_header(report));

	for (size_t i = 0; i < report->count; i++) {
		const struct envelope_recipient *recipient = report->recipients[i].recipient;

		needed |= recipient->address.utf8 ||
			  (recipient->orcpt != NULL && !text_is_ascii(span_text(recipient->orcpt)));
	}
	return report->utf8 && needed;
}

static enum report_kind worst(const struct report *report)
{
	enum report_kind kind = REPORT_KIND_SUCCESS;

	for (size_t i = 0; i < report->count; i++) {
		if (report_kind_of(report->recipients[i].action) < kind)
			kind = report_kind_of(report->recipients[i].action);
	}
	return kind;
}

static void add_subject(struct buffer *to, const struct report *report,
			const struct report_words *words, enum report_kind kind)
{
	struct buffer subject = BUFFER_EMPTY, clean = BUFFER_EMPTY;

	report_words_expand(&subject, words->subject, report, kind);
	text_add_line(&clean, buffer_span(&subject));
	buffer_add_text(to, "Subject: ");
	words_encode(to, buffer_span(&clean), strlen("Subject: "));
	buffer_add_text(to, "\r\n");
	buffer_clear(&subject);
	buffer_clear(&clean);
}

/* So that mail programs show the report beside the message. */
static void add_references(struct buffer *to, const struct report *report)
{
	struct field field;
	struct span id;

	if (!fields_find(report->header, "Message-ID", &field))
		return;
	id = field.body;
	while (id.length > 0 && strchr(" \t\r\n", id.at[id.length - 1]) != NULL)
		id.length--;
	id = span_trim(id);
	if (id.length < 3 || id.length > 250 || id.at[0] != '<' || id.at[id.length - 1] != '>')
		return;
	for (size_t i = 0; i < id.length; i++) {
		if (id.at[i] <= 32 || id.at[i] >= 127)
			return;
	}
	buffer_add_text(to, "In-Reply-To: ");
	buffer_add(to, id.at, id.length);
	buffer_add_text(to, "\r\nReferences: ");
	buffer_add(to, id.at, id.length);
	buffer_add_text(to, "\r\n");
}

static void add_header(struct buffer *to, const struct report *report,
		       const struct report_words *words, enum report_kind kind)
{
	char date[CLOCK_RFC5322_SIZE], sender[ADDRESS_TEXT_SIZE];

	clock_rfc5322(report->now, date);
	address_text(&report->envelope->sender, sender);
	buffer_add_text(to, "From: \"Mail Delivery System\" <");
	text_add_line(to, span_text(report->from));
	buffer_add_text(to, ">\r\nTo: <");
	text_add_line(to, span_text(sender));
	buffer_add_text(to, ">\r\n");
	add_subject(to, report, words, kind);
	buffer_add_format(to, "Date: %s\r\nMessage-ID: <%016llx.%lld@", date,
			  (unsigned long long)fingerprint(report), (long long)report->now);
	text_add_ascii(to, span_text(report->reporting_mta));
	buffer_add_text(to, ">\r\n");
	add_references(to, report);
	buffer_add_text(to, words->fields);
	buffer_add_text(to, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n");
}

static void add_words(struct buffer *to, const struct report *report,
		      const struct report_words *words, enum report_kind kind)
{
	struct buffer body = BUFFER_EMPTY;

	report_words_expand(&body, words->body, report, kind);
	buffer_add_text(to, "Content-Type: text/plain; charset=utf-8\r\n"
			    "Content-Description: What happened\r\n");
	if (text_is_ascii(buffer_span(&body))) {
		buffer_add_text(to, "\r\n");
		buffer_add(to, buffer_span(&body).at, buffer_used(&body));
	} else {
		buffer_add_text(to, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
		text_add_quoted(to, buffer_span(&body));
	}
	buffer_clear(&body);
}

struct report_needs report_write(struct buffer *to, const struct report *report,
				 const struct report_template *template)
{
	enum report_kind kind = worst(report);
	const struct report_words *words = &template->words[kind];
	unsigned long long mark = (unsigned long long)fingerprint(report);
	bool global = needs_global(report);
	bool wide = global || (report_gives_all(report) && !text_is_ascii(report->message));

	add_header(to, report, words, kind);
	buffer_add_format(to,
			  "Content-Type: multipart/report; report-type=delivery-status;\r\n"
			  "\tboundary=\"=_report_%016llx\"\r\n%s\r\n",
			  mark, wide ? "Content-Transfer-Encoding: 8bit\r\n" : "");
	buffer_add_text(to, "This is a report of a mail server, in parts (RFC 3464).\r\n");
	buffer_add_format(to, "\r\n--=_report_%016llx\r\n", mark);
	add_words(to, report, words, kind);
	buffer_add_format(to, "\r\n--=_report_%016llx\r\n", mark);
	report_add_status(to, report, global);
	buffer_add_format(to, "\r\n--=_report_%016llx\r\n", mark);
	report_add_original(to, report, global);
	buffer_add_format(to, "\r\n--=_report_%016llx--\r\n", mark);
	return (struct report_needs){ wide ? ENVELOPE_BODY_8BITMIME : ENVELOPE_BODY_7BIT,
				      report->envelope->sender.utf8 };
}
