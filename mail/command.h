/* SPDX-License-Identifier: ISC */
/*
 * The grammar of SMTP command lines: verb and argument, the parameters of MAIL and
 * RCPT (RFC 5321 section 4.1.2, RFC 6531 section 3.3), and xtext (RFC 3461 section 4).
 * Results are spans of the line that was given.
 */
#ifndef MAIL_COMMAND_H
#define MAIL_COMMAND_H

#include "base/span.h"

struct command {
	struct span verb;     /* up to the first space; may be empty */
	struct span argument; /* without spaces around it; may be empty */
};

struct command_parameter {
	struct span keyword;
	struct span value;
	bool has_value; /* "=" was there */
};

/* line: without its CRLF. False if it has NUL or another control character, HTAB included. */
bool command_split(struct span line, struct command *command);
/*
 * Cuts the next " keyword[=value]" from *rest. False when it breaks the grammar. At the
 * end of the text the keyword is empty and the result true.
 */
bool command_next_parameter(struct span *rest, struct command_parameter *parameter);

/*
 * True if text is xtext and what it stands for is printable ASCII, as ENVID and
 * ORCPT demand (RFC 3461 sections 4.2 and 4.4). Hexadecimal digits are upper case.
 */
bool xtext_valid(struct span text);
/* addr-type ";" xtext, or for "utf-8" the forms of RFC 6533 section 3. */
bool orcpt_valid(struct span text, bool smtputf8);

#endif
