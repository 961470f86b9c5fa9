/* SPDX-License-Identifier: ISC */
/*
 * One message of a maildrop, as LIST and UIDL tell it (RFC 1939 sections 5 and 7). Of one size and without pointers:
 * the listing of a large maildrop is an array of these in memory that the store shares with a frontend.
 */
#ifndef MAIL_MAILDROP_ENTRY_H
#define MAIL_MAILDROP_ENTRY_H

#include <stdint.h>

#define MAILDROP_UID_MAX 70 /* RFC 1939 section 7 */

struct maildrop_entry {
	uint64_t size; /* octets as they will be sent, dot-stuffing not counted */
	char uid[72];  /* 1 to MAILDROP_UID_MAX of 0x21..0x7e, unique and stable; filled up with NUL */
};

_Static_assert(sizeof(struct maildrop_entry) == 80, "no hole in what another process reads");

#endif
