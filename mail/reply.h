/* SPDX-License-Identifier: ISC */
/*
 * Replies of an SMTP server, read from its octets (RFC 5321 section 4.2, RFC 2034):
 * lines of "250-text" and "250 text" until the last one. Tolerates bare LF, a missing
 * blank and empty lines behind the code; refuses what is no reply.
 */
#ifndef MAIL_REPLY_H
#define MAIL_REPLY_H

#include "base/span.h"

struct reply_line {
	unsigned code; /* 200 to 599 */
	bool last;
	struct span text; /* behind the code and its separator; control characters included */
};

/* One line without its line end. False: no reply line. */
bool reply_parse_line(struct span line, struct reply_line *parsed);
/* "5.1.1" in front of text, if its class is that of code: its length, 0 = there is none. */
size_t reply_status(struct span text, unsigned code);

#endif
