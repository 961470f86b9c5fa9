/* SPDX-License-Identifier: ISC */
/*
 * Lists of addresses in header fields (RFC 5322 section 3.4 with the obsolete syntax of
 * 4.4): names, quoted strings, nested comments, groups, folded lines. Parsed, never
 * repaired.
 */
#ifndef MAIL_MAILBOXES_H
#define MAIL_MAILBOXES_H

#include "mail/address.h"

struct mailboxes { /* a list that is being read */
	struct span rest;
	bool in_group;
	const char *why; /* what is wrong; static; NULL = nothing */
	struct span at;  /* about where */
};

void mailboxes_init(struct mailboxes *list, struct span body);
/* The next address; a word alone is one without a domain. False at the end, or with list->why. */
bool mailboxes_next(struct mailboxes *list, struct address *address);

#endif
