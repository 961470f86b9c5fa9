/* SPDX-License-Identifier: ISC */
#include "mail/header.h"

#include <string.h>

enum { STATE_LINE_START, STATE_NAME, STATE_SPACE, STATE_BODY };
enum verdict { UNDECIDED, FIELD, BLANK, NO_FIELD };

void header_init(struct header *header)
{
	*header = (struct header){ 0 };
}

/* One octet of what may be a field name. ftext of RFC 5322 section 3.6.8; space before ":" is
 * the obsolete syntax of section 4.5.3. */
static enum verdict judge(struct header *header, char c)
{
	bool space = c == ' ' || c == '\t';

	switch (header->state) {
	case STATE_LINE_START:
		if (c == '\r')
			return BLANK;
		if (space)
			return header->field_before ? FIELD : NO_FIELD;
		header->state = STATE_NAME;
		return c > 32 && c < 127 && c != ':' ? UNDECIDED : NO_FIELD;
	case STATE_NAME:
		if (c > 32 && c < 127)
			return c == ':' ? FIELD : UNDECIDED;
		header->state = STATE_SPACE;
		return space ? UNDECIDED : NO_FIELD;
	default:
		if (c == ':')
			return FIELD;
		return space ? UNDECIDED : NO_FIELD;
	}
}

static void recognise(struct header *header)
{
	struct span name = span_trim(span_make(header->name, header->held));

	if (span_is_nocase(name, "Received"))
		header->received++;
	else if (span_is_nocase(name, "Date"))
		header->has_date = true;
	else if (span_is_nocase(name, "Message-ID"))
		header->has_message_id = true;
	else if (span_is_nocase(name, "From"))
		header->has_from = true;
}

/* The start of a line, until it is known what the line is. *at moves over what was looked at. */
static enum verdict take_start(struct header *header, const char **at, const char *end)
{
	while (*at < end) {
		enum verdict verdict = judge(header, **at);

		if (verdict != UNDECIDED)
			return verdict;
		header->name[header->held++] = *(*at)++;
		if (header->held == HEADER_NAME_MAX)
			return FIELD;
	}
	return UNDECIDED;
}

static void finish_line(struct header *header, const char **at, const char *end)
{
	const char *lf = memchr(*at, '\n', (size_t)(end - *at));

	header->state = lf != NULL ? STATE_LINE_START : STATE_BODY;
	*at = lf != NULL ? lf + 1 : end;
}

bool header_scan(struct header *header, struct span chunk, struct header_cut *cut)
{
	const char *at = chunk.at, *end = chunk.at + chunk.length;
	size_t old = header->held; /* bytes of earlier chunks; they come before this one */
	const char *line = at;     /* where the present line starts in this chunk */
	enum verdict verdict = UNDECIDED;

	*cut = (struct header_cut){ 0 };
	memcpy(header->kept, header->name, old); /* the next lines overwrite name */
	while (at < end) {
		if (header->state != STATE_BODY) {
			verdict = take_start(header, &at, end);
			if (verdict != FIELD)
				break;
			recognise(header);
			if (old > 0)
				cut->before[0] = span_make(header->kept, old);
			old = 0;
			header->held = 0;
			header->field_before = true;
		}
		finish_line(header, &at, end);
		line = at;
	}
	header->ended = verdict == BLANK || verdict == NO_FIELD;
	header->by_blank = verdict == BLANK;
	cut->before[1] = span_make(chunk.at, (size_t)(line - chunk.at));
	if (header->ended) {
		cut->after[0] = span_make(header->kept, old);
		cut->after[1] = span_make(line, (size_t)(end - line));
	}
	return header->ended;
}

struct span header_finish(struct header *header)
{
	struct span held = span_make(header->name, header->held);

	header->ended = true;
	header->held = 0;
	return held;
}

bool header_has_fields(const struct header *header)
{
	return header->field_before;
}
