/* SPDX-License-Identifier: ISC */
#include "mail/dot.h"

#include <string.h>

#include "mail/lines.h"

/* One octet of ".CRLF" at the start of a line, or the end of a line cut between CR and LF. */
static enum dot_found take_octet(struct dot *dot, char c)
{
	switch (dot->state) {
	case DOT_CR:
		dot->state = DOT_LINE_START;
		return c == '\n' ? DOT_MORE : DOT_BARE;
	case DOT_DOT_CR:
		dot->state = DOT_LINE_START;
		return c == '\n' ? DOT_END : DOT_BARE;
	default: /* DOT_DOT, and CR behind it */
		dot->state = DOT_DOT_CR;
		return DOT_MORE;
	}
}

static enum dot_found take_text(struct dot *dot, const char *end, const char **at)
{
	switch (lines_scan(*at, end, at)) {
	case LINES_END:
		dot->state = DOT_LINE_START;
		return DOT_MORE;
	case LINES_PART:
		dot->state = DOT_TEXT;
		return DOT_MORE;
	case LINES_PART_CR:
		dot->state = DOT_CR;
		return DOT_MORE;
	default:
		return DOT_BARE;
	}
}

enum dot_found dot_next(struct dot *dot, struct span *input, struct span *run)
{
	const char *at = input->at, *end = input->at + input->length, *start = at;
	enum dot_found found = DOT_MORE;

	while (at < end && found == DOT_MORE) {
		if (dot->state == DOT_LINE_START && *at == '.') {
			if (at > start)
				break;
			dot->state = DOT_DOT;
			start = ++at;
		} else if (dot->state == DOT_CR) {
			found = take_octet(dot, *at++);
		} else if (dot->state == DOT_DOT_CR || (dot->state == DOT_DOT && *at == '\r')) {
			found = take_octet(dot, *at++);
			start = at;
		} else {
			found = take_text(dot, end, &at);
		}
	}
	*run = span_make(start, (size_t)(at - start));
	*input = span_make(at, (size_t)(end - at));
	return found;
}

/* Dots are rarer than line ends and absent from base64, so dots are what is searched for. */
struct span dot_stuff(struct dot_stuff *stuff, struct span *input)
{
	const char *at = input->at, *end = at + input->length, *dot = at + stuff->doubled;

	stuff->doubled = false;
	while (dot < end && (dot = memchr(dot, '.', (size_t)(end - dot))) != NULL) {
		if (dot == at ? !stuff->inside : dot[-1] == '\n') {
			stuff->doubled = true;
			*input = span_make(dot, (size_t)(end - dot));
			return span_make(at, (size_t)(dot + 1 - at));
		}
		dot++;
	}
	if (end > at)
		stuff->inside = end[-1] != '\n';
	*input = span_make(end, 0);
	return span_make(at, (size_t)(end - at));
}
