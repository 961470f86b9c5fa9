/* SPDX-License-Identifier: ISC */
#include "mail/report_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mail/fields.h"
#include "mail/text.h"

#define TEMPLATE_MAX 65536
#define LINE_MAX     900 /* octets; what a placeholder brings is cut elsewhere */

static const char *const names[REPORT_PLACEHOLDERS] = {
	[REPORT_ID] = "id",
	[REPORT_DATE] = "date",
	[REPORT_SUBJECT] = "subject",
	[REPORT_SENDER] = "sender",
	[REPORT_HOST] = "host",
	[REPORT_UNTIL] = "until",
	[REPORT_RECIPIENTS] = "recipients",
	[REPORT_REASON] = "reason",
	[REPORT_ADVICE] = "advice",
	[REPORT_DETAIL] = "detail",
};

bool report_next_placeholder(struct span *rest, struct span *text, enum report_placeholder *which)
{
	const char *percent = rest->length > 0 ? memchr(rest->at, '%', rest->length) : NULL;
	struct span name;

	*which = REPORT_PLACEHOLDERS;
	*text = span_make(rest->at, percent != NULL ? (size_t)(percent - rest->at) : rest->length);
	*rest = span_skip(*rest, text->length);
	if (percent == NULL)
		return true;
	*rest = span_skip(*rest, 1);
	if (rest->length > 0 && rest->at[0] == '%') {
		text->length++; /* the first of the two stands for itself */
		*rest = span_skip(*rest, 1);
		return true;
	}
	if (rest->length == 0 || rest->at[0] != '{' || memchr(rest->at, '}', rest->length) == NULL)
		return false;
	*rest = span_skip(*rest, 1);
	(void)span_cut(rest, '}', &name);
	for (size_t i = 0; i < REPORT_PLACEHOLDERS; i++) {
		if (span_is(name, names[i])) {
			*which = (enum report_placeholder)i;
			return true;
		}
	}
	return false;
}

static const char *check_placeholders(struct span line, bool body)
{
	struct span all = line, text;
	enum report_placeholder which;

	while (line.length > 0) {
		if (!report_next_placeholder(&line, &text, &which))
			return "a placeholder is one of %{id} %{date} %{subject} %{sender} %{host} "
			       "%{until} %{recipients} %{reason} %{advice} %{detail}; write \"%\" "
			       "as \"%%\"";
		if (which >= REPORT_INLINE && which < REPORT_PLACEHOLDERS &&
		    (!body || all.length != strlen(names[which]) + 3))
			return "%{recipients}, %{reason}, %{advice} and %{detail} become several "
			       "lines: each stands alone on a line of the text";
	}
	return NULL;
}

static const char *check_line(struct span line, bool body)
{
	if (line.length > LINE_MAX)
		return "the line is too long: at most 900 octets";
	if (!utf8_valid(line))
		return "the text is not UTF-8";
	for (size_t i = 0; i < line.length; i++) {
		if (((unsigned char)line.at[i] < 32 && line.at[i] != '\t') || line.at[i] == 127)
			return "a control character stands in the line";
	}
	return check_placeholders(line, body);
}

/* Those that a report has anyway: a second one would confuse who reads it. */
static bool is_ours(struct span name)
{
	static const char *const ours[] = {
		"From",   "To",       "Cc",          "Bcc",          "Date",          "Message-ID",
		"Sender", "Received", "Return-Path", "MIME-Version", "Auto-Submitted"
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (span_is_nocase(name, ours[i]))
			return true;
	}
	return span_starts_nocase(name, "Content-") || span_starts_nocase(name, "Resent-");
}

static const char *take_field(struct span line, struct buffer *subject, struct buffer *fields)
{
	struct span rest = line;
	struct field field;

	if (!fields_next(&rest, &field) || rest.length > 0)
		return "a field is \"Name: text\" on one line; a blank line ends the fields";
	if (is_ours(field.name))
		return "the gateway writes this field itself";
	if (!text_is_ascii(line) && !span_is_nocase(field.name, "Subject"))
		return "fields other than Subject are ASCII";
	if (!span_is_nocase(field.name, "Subject")) {
		buffer_add(fields, line.at, line.length);
		buffer_add_text(fields, "\r\n");
		return NULL;
	}
	if (buffer_used(subject) > 0)
		return "there is a Subject already";
	field.body = span_trim(field.body);
	buffer_add(subject, field.body.at, field.body.length);
	return field.body.length > 0 ? NULL : "the Subject is empty";
}

struct parse { /* of one text */
	struct buffer subject, fields, body;
	bool in_body;
};

static const char *take_line(struct parse *parse, struct span line)
{
	const char *why = check_line(line, parse->in_body);

	if (why != NULL)
		return why;
	if (parse->in_body) {
		buffer_add(&parse->body, line.at, line.length);
		buffer_add_text(&parse->body, "\r\n");
		return NULL;
	}
	parse->in_body = line.length == 0;
	if (!parse->in_body)
		return take_field(line, &parse->subject, &parse->fields);
	return buffer_used(&parse->subject) > 0
		       ? NULL
		       : "there is no \"Subject: ...\" before the blank line";
}

static char *take_text(struct buffer *from)
{
	return memory_text_n(buffer_span(from).at, buffer_used(from));
}

static const char *parse_words(struct span text, struct report_words *words, unsigned *number)
{
	struct parse parse = { 0 };
	const char *why = text.length > TEMPLATE_MAX ? "the text is larger than 64 KiB" : NULL;
	struct span line;

	/* Editors of Windows put a mark in front. */
	if (text.length >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
		text = span_skip(text, 3);
	for (*number = 0; why == NULL && fields_line(&text, &line);) {
		(*number)++;
		why = take_line(&parse, line);
	}
	*number += *number == 0;
	if (why == NULL && buffer_used(&parse.body) == 0)
		why = "there are no words behind the fields and a blank line";
	*words = (struct report_words){ take_text(&parse.subject), take_text(&parse.fields),
					take_text(&parse.body) };
	buffer_clear(&parse.subject);
	buffer_clear(&parse.fields);
	buffer_clear(&parse.body);
	return why;
}

struct report_template *report_template_parse(const struct span texts[REPORT_KINDS],
					      struct report_fault *fault)
{
	struct report_template *template = memory_new(sizeof(*template));

	for (unsigned i = 0; i < REPORT_KINDS; i++) {
		struct report_words *words = &template->words[i];

		if (texts[i].length == 0) {
			const struct report_words *built_in = &report_template_default()->words[i];

			*words = (struct report_words){ memory_text(built_in->subject),
							memory_text(built_in->fields),
							memory_text(built_in->body) };
			continue;
		}
		fault->kind = (enum report_kind)i;
		fault->why = parse_words(texts[i], words, &fault->line);
		if (fault->why != NULL) {
			report_template_free(template);
			return NULL;
		}
	}
	return template;
}

void report_template_free(struct report_template *template)
{
	if (template == NULL)
		return;
	for (unsigned i = 0; i < REPORT_KINDS; i++) {
		free((void *)(uintptr_t) template->words[i].subject);
		free((void *)(uintptr_t) template->words[i].fields);
		free((void *)(uintptr_t) template->words[i].body);
	}
	free(template);
}
