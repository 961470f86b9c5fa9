/* SPDX-License-Identifier: ISC */
/* The words for people: what stands for the placeholders of a template. */
#include "mail/report_private.h"

#include <string.h>

#include "base/clock.h"
#include "mail/fields.h"
#include "mail/text.h"
#include "mail/words.h"

#define LISTED_MAX  50   /* recipients named to people; the second part has all */
#define SUBJECT_MAX 200  /* octets of the subject as it is shown */
#define RAW_MAX     2000 /* octets of the subject that are looked at */
#define INDENT      "    "
#define INDENT_MORE "        "

enum report_kind report_kind_of(enum report_action action)
{
	switch (action) {
	case REPORT_FAILED:
		return REPORT_KIND_FAILED;
	case REPORT_DELAYED:
		return REPORT_KIND_DELAYED;
	default:
		return REPORT_KIND_SUCCESS;
	}
}

static void add_subject(struct buffer *to, const struct report *report)
{
	struct buffer decoded = BUFFER_EMPTY;
	struct field field;
	struct span text;

	if (fields_find(report->header, "Subject", &field)) {
		if (field.body.length > RAW_MAX)
			field.body.length = RAW_MAX;
		words_decode(&decoded, field.body);
	}
	text = text_cut(buffer_span(&decoded), SUBJECT_MAX);
	if (text.length == 0)
		text = span_text("(no subject)");
	buffer_add(to, text.at, text.length);
	buffer_clear(&decoded);
}

static void add_address(struct buffer *to, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	address_text(address, text);
	text_add_line(to, span_text(text));
}

static void add_inline(struct buffer *to, const struct report *report,
		       enum report_placeholder which)
{
	char date[CLOCK_RFC5322_SIZE];

	switch (which) {
	case REPORT_ID:
		text_add_line(to, span_text(report->id));
		break;
	case REPORT_SUBJECT:
		add_subject(to, report);
		break;
	case REPORT_SENDER:
		add_address(to, &report->envelope->sender);
		break;
	case REPORT_HOST:
		text_add_line(to, span_text(report->reporting_mta));
		break;
	default:
		clock_rfc5322(which == REPORT_UNTIL && report->will_retry_until != 0
				      ? report->will_retry_until
				      : report->arrived,
			      date);
		buffer_add_text(to, date);
		break;
	}
}

static const char *success_words(enum report_action action)
{
	switch (action) {
	case REPORT_DELIVERED:
		return "Delivered.";
	case REPORT_EXPANDED:
		return "Delivered to the members of a list.";
	default:
		return "Handed on.";
	}
}

static const char *sentence(const struct report_recipient *recipient, enum report_placeholder which)
{
	if (report_kind_of(recipient->action) == REPORT_KIND_SUCCESS)
		return success_words(recipient->action);
	return which == REPORT_REASON ? report_reason(recipient->status)
				      : report_advice(recipient->status);
}

/* A line that others had a part in, indented. */
static void add_foreign(struct buffer *to, struct span line)
{
	struct buffer clean = BUFFER_EMPTY;

	text_add_line(&clean, line);
	buffer_add_text(to, "\r\n" INDENT_MORE);
	text_add_folded(to, buffer_span(&clean), strlen(INDENT_MORE), "\r\n" INDENT_MORE);
	buffer_clear(&clean);
}

/* What the technical people want: who said what. */
static void add_detail(struct buffer *to, const struct report_recipient *recipient)
{
	struct buffer line = BUFFER_EMPTY;
	struct span said = span_text(recipient->diagnostic);
	const char *status = report_status(recipient);

	if (span_starts_nocase(said, "smtp;"))
		said = span_trim(span_skip(said, strlen("smtp;")));
	if (report_kind_of(recipient->action) == REPORT_KIND_SUCCESS)
		buffer_add_format(&line, "%s ", success_words(recipient->action));
	if (recipient->mta[0] != '\0')
		buffer_add_format(&line, "%s%s ", recipient->mta, said.length > 0 ? " said:" : "");
	buffer_add(&line, said.at, said.length);
	if (memmem(said.at, said.length, status, strlen(status)) == NULL)
		buffer_add_format(&line, " (%s)", status);
	add_foreign(to, buffer_span(&line));
	buffer_clear(&line);
}

/* Do all recipients of the kind have the same sentence? Then it is said once. */
static bool is_common(const struct report *report, enum report_kind kind,
		      enum report_placeholder which)
{
	const char *common = NULL;

	for (size_t i = 0; i < report->count; i++) {
		const struct report_recipient *recipient = &report->recipients[i];

		if (report_kind_of(recipient->action) != kind)
			continue;
		if (common != NULL && strcmp(common, sentence(recipient, which)) != 0)
			return false;
		common = sentence(recipient, which);
	}
	return true;
}

static void add_entry(struct buffer *to, const struct report_recipient *recipient,
		      enum report_placeholder which, bool common)
{
	buffer_add_text(to, INDENT);
	if (!common || which == REPORT_RECIPIENTS || which == REPORT_DETAIL)
		add_address(to, &recipient->recipient->address);
	if (which == REPORT_DETAIL) {
		add_detail(to, recipient);
	} else if (which != REPORT_RECIPIENTS) {
		if (!common)
			buffer_add_text(to, ":\r\n" INDENT_MORE);
		text_add_folded(to, span_text(sentence(recipient, which)), strlen(INDENT_MORE),
				common ? "\r\n" INDENT : "\r\n" INDENT_MORE);
	}
}

/* Lines, without the last line end. */
static void add_block(struct buffer *to, const struct report *report, enum report_kind kind,
		      enum report_placeholder which)
{
	bool common = (which == REPORT_REASON || which == REPORT_ADVICE) &&
		      is_common(report, kind, which);
	size_t seen = 0;

	for (size_t i = 0; i < report->count; i++) {
		if (report_kind_of(report->recipients[i].action) != kind)
			continue;
		if (++seen > (common ? 1 : LISTED_MAX))
			continue;
		if (seen > 1)
			buffer_add_text(to, "\r\n");
		add_entry(to, &report->recipients[i], which, common);
	}
	if (!common && seen > LISTED_MAX)
		buffer_add_format(to, "\r\n" INDENT "and %zu more", seen - LISTED_MAX);
}

void report_words_expand(struct buffer *to, const char *words, const struct report *report,
			 enum report_kind kind)
{
	struct span rest = span_text(words), text;
	enum report_placeholder which;

	while (rest.length > 0 && report_next_placeholder(&rest, &text, &which)) {
		buffer_add(to, text.at, text.length);
		if (which < REPORT_INLINE)
			add_inline(to, report, which);
		else if (which < REPORT_PLACEHOLDERS)
			add_block(to, report, kind, which);
	}
}
