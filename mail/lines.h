/* SPDX-License-Identifier: ISC */
/*
 * Strict line ends: CR and LF stand only together, as CRLF (RFC 5321 section 2.3.8).
 * Text comes in chunks of any size; a CRLF may be cut in two.
 */
#ifndef MAIL_LINES_H
#define MAIL_LINES_H

#include "base/span.h"

enum lines_found {
	LINES_END,     /* *after is behind a CRLF */
	LINES_PART,    /* the text ended inside a line */
	LINES_PART_CR, /* the text ended behind a CR */
	LINES_BARE     /* a CR or a LF stands alone */
};

/* Looks for the end of the line that `at` is in. */
enum lines_found lines_scan(const char *at, const char *end, const char **after);

struct lines {
	bool cr;   /* the chunk before ended with CR */
	bool bare; /* a lone CR or LF was seen; stays true */
};

void lines_check(struct lines *lines, struct span chunk);

#endif
