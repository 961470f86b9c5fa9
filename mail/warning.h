/* SPDX-License-Identifier: ISC */
/*
 * The message that tells the owner of a mailbox that it fills up: written into a buffer by a
 * template, which is the administrator's or the built-in one. Pure.
 */
#ifndef MAIL_WARNING_H
#define MAIL_WARNING_H

#include "base/buffer.h"

struct warning {
	const char *from;    /* address of the From field */
	const char *address; /* of the mailbox, as address_text writes it */
	const char *host;    /* our FQDN */
	const char *id;      /* for Message-ID: letters, digits, points */
	int64_t now;         /* unix time */
	uint64_t used, warn; /* octets */
	uint64_t limit;      /* octets from which nothing is received; 0 = none */
};

/*
 * A template is "Subject: ..." and perhaps further fields, a blank line, the words; UTF-8, lines
 * with LF or CRLF. In it %{address} %{host} %{date} %{used} %{warn} %{limit} %{percent} (of the
 * limit, or of the warning level where there is none); "%%" is "%". Empty: the built-in one. NULL:
 * it is good; else what is wrong and what to do, static, with its line in *line.
 */
const char *warning_template_fault(struct span template, unsigned *line);
/*
 * The whole message in wire form, ASCII throughout, with Auto-Submitted (RFC 3834). The template is
 * a good one.
 */
void warning_write(struct buffer *to, const struct warning *warning, struct span template);

#endif
