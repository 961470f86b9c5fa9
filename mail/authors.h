/* SPDX-License-Identifier: ISC */
/*
 * In whose name a message speaks: the addresses of its From and Sender fields (RFC 5322
 * section 3.6.2). Pure.
 */
#ifndef MAIL_AUTHORS_H
#define MAIL_AUTHORS_H

#include "mail/address.h"

#define AUTHORS_MAX 20

struct authors {
	struct address at[AUTHORS_MAX]; /* each once, domains in lower case */
	size_t count;
	const char *why; /* they cannot all be told; static; NULL = these are all */
};

/* header: the message from its first octet, at least to the blank line; what is behind it does not
 * count. `whole` false: it is cut off before that. */
void authors_read(struct span header, bool whole, struct authors *authors);

#endif
