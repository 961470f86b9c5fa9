/* SPDX-License-Identifier: ISC */
/*
 * The mailbox ticket: the directory role's signed word that a login happened or
 * that an address is deliverable, good for one mailbox, one purpose, a short
 * time. Only the directory and store roles hold the key; a captured frontend can
 * neither make one nor turn a delivery ticket into a reading one.
 */
#ifndef AUTH_TICKET_H
#define AUTH_TICKET_H

#include "base/span.h"

#define TICKET_KEY_SIZE 32
#define TICKET_SIZE_MAX 700 /* encoded */

enum ticket_purpose {
	TICKET_DELIVER = 1,
	TICKET_READ = 2,
	TICKET_STANDING = 3, /* auth/standing.h */
	TICKET_DROP = 4,     /* to deliver as a file into the directory of the domain; no mailbox */
	TICKET_ELSEWHERE = 5 /* auth/elsewhere.h */
};

struct ticket {
	enum ticket_purpose purpose;
	char id[64];      /* identity of the entry, hexadecimal */
	char domain[256]; /* mailbox domain, lower case */
	char name[256];   /* mailbox name */
	uint64_t quota;   /* octets; 0 = no limit */
	uint64_t warn;    /* octets from which the owner is warned; 0 = never */
	int64_t expires;  /* unix seconds */
	char session[32]; /* the session it was made for; "" for a delivery */
};

/* Encodes and signs (HMAC-SHA-256 truncated to 128 bits); length, 0 when it does not fit. */
size_t ticket_sign(const struct ticket *ticket, const unsigned char key[TICKET_KEY_SIZE], void *to,
		   size_t size);
/* False unless the signature, the form, the purpose and the time are right. */
bool ticket_verify(struct span encoded, const unsigned char key[TICKET_KEY_SIZE],
		   enum ticket_purpose purpose, int64_t now, struct ticket *ticket);

/* The signature behind what was written (0: no room), and taken off again, for every kind of
 * ticket. */
struct wire_writer;
size_t ticket_seal(struct wire_writer *writer, const unsigned char key[TICKET_KEY_SIZE]);
bool ticket_unseal(struct span sealed, const unsigned char key[TICKET_KEY_SIZE],
		   struct span *content);

#endif
