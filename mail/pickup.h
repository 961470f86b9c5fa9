/* SPDX-License-Identifier: ISC */
/*
 * A file that somebody left in a pickup directory: a message as text, with the envelope
 * in it. Lines "x-sender: ADDRESS" and "x-receiver: ADDRESS" at its very beginning are
 * the envelope; without them the sender is that of Sender or From, and the recipients
 * are those of To, Cc and Bcc. What is sent has neither these lines nor Bcc. Pure: text
 * in, text out.
 *
 * Whatever is wrong is told exactly, with the line, for whoever wrote the file.
 */
#ifndef MAIL_PICKUP_H
#define MAIL_PICKUP_H

#include "base/buffer.h"
#include "mail/envelope.h"

#define PICKUP_HEAD_MAX       (256 * 1024) /* octets of the header */
#define PICKUP_LINE_MAX       998          /* octets of a line, RFC 5322 section 2.1.1 */
#define PICKUP_RECIPIENTS_MAX 1000
#define PICKUP_REASON_SIZE    400

struct pickup_rules {
	const char *fqdn;           /* of the server, for Received and Message-ID */
	const char *default_domain; /* of addresses without one; "" = they are malformed */
	const char *id;             /* for Received and Message-ID: unlike all others */
	int64_t now;
	unsigned hops; /* Received fields before it is a loop */
	bool unstuff;  /* ".." at the beginning of a line becomes "." */
};

/*
 * `head`: the beginning of the file, PICKUP_HEAD_MAX octets or, if it is shorter, all of it
 * (`whole`). True: *envelope, for envelope_clear, has sender and recipients, each once; `out` the
 * header in wire form with its blank line; *used says where in `head` the text begins, *lines how
 * many lines stand before it. False: `why` says what is wrong.
 */
bool pickup_head(struct span head, bool whole, const struct pickup_rules *rules,
		 struct envelope *envelope, struct buffer *out, size_t *used, unsigned *lines,
		 char why[PICKUP_REASON_SIZE]);

/* The text behind it, in pieces of any size. */
struct pickup_body {
	unsigned line; /* the last one that began */
	size_t column; /* octets of it; its stuffed point does not count */
	bool unstuff;
	bool cr;   /* the piece before ended with CR */
	bool dot;  /* and the line is a single point as yet */
	bool wide; /* an octet above 127 was seen */
};
void pickup_body_init(struct pickup_body *body, unsigned lines, bool unstuff);
/* Adds the piece in wire form: LF becomes CRLF. */
bool pickup_body_add(struct pickup_body *body, struct span piece, struct buffer *out,
		     char why[PICKUP_REASON_SIZE]);
/* The end of the file: ends its last line. */
bool pickup_body_end(struct pickup_body *body, struct buffer *out, char why[PICKUP_REASON_SIZE]);

#endif
