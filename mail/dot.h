/* SPDX-License-Identifier: ISC */
/*
 * The body of DATA as it comes (RFC 5321 section 4.5.2): removes the dots that were
 * put in front of lines and finds the end. Only CRLF.CRLF ends; a lone CR or LF is
 * reported at once, whatever stands around it, because a peer that takes it for a
 * line end would see another message (CVE-2023-51764).
 *
 * Text lines longer than 1000 octets (4.5.3.1.6) pass as they are: senders do
 * produce them, folding would break signatures, and nothing here keeps a line in
 * memory. The size limit of the message bounds them.
 */
#ifndef MAIL_DOT_H
#define MAIL_DOT_H

#include "base/span.h"

enum dot_state { DOT_LINE_START, DOT_TEXT, DOT_CR, DOT_DOT, DOT_DOT_CR };

struct dot {
	enum dot_state state; /* zero at the start */
};

enum dot_found {
	DOT_MORE, /* *run is message text; call again while there is input */
	DOT_END,  /* the end was consumed; what is left of the input follows the message */
	DOT_BARE  /* a lone CR or LF; do not call again */
};

/*
 * Consumes from *input and returns in *run, which may be empty, a piece of the input
 * that is message text: as long as it can be without a byte to leave out.
 */
enum dot_found dot_next(struct dot *dot, struct span *input, struct span *run);

/*
 * The other way: a dot that begins a line is doubled (RFC 5321 section 4.5.2, RFC 1939
 * section 3). A line begins after any LF, so that a peer which takes a bare LF for a line
 * end cannot be shown a false end.
 */
struct dot_stuff {
	bool inside;  /* a line has begun; zero at the start */
	bool doubled; /* the dot that comes next was sent once */
};

/* Consumes from *input what is to be sent next; a dot that is doubled stays to be sent again. */
struct span dot_stuff(struct dot_stuff *stuff, struct span *input);

#endif
