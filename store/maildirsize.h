/* SPDX-License-Identifier: ISC */
/*
 * The text of a Maildir++ `maildirsize` file: a line with the quota, then lines of
 * octets and messages to be added up, either of which may be negative. Pure.
 *
 *	1000000S,500C
 *	12345 6
 *	-345 -1
 */
#ifndef STORE_MAILDIRSIZE_H
#define STORE_MAILDIRSIZE_H

#include "base/span.h"

#define MAILDIRSIZE_MAX 5120 /* Maildir++: a longer file is to be calculated anew */

struct maildirsize {
	uint64_t quota_octets;   /* 0: none given */
	uint64_t quota_messages; /* 0: none given */
	uint64_t octets;
	uint64_t messages;
};

/* False when it must be calculated anew: torn, of another form, overflowing or below zero. */
bool maildirsize_parse(struct span text, struct maildirsize *to);

#endif
