/* SPDX-License-Identifier: ISC */
/*
 * The message that a POP3 session is sending: as a file from the store, or as octets
 * that came in a packet, with those of the next small ones (frontend/ahead.h).
 */
#ifndef FRONTEND_POP3_FETCH_H
#define FRONTEND_POP3_FETCH_H

#include <sys/types.h>

#include "base/span.h"
#include "frontend/ahead.h"

struct pop3_session;

struct pop3_fetch {
	int message;        /* the file; -1 = none, or its octets are here: */
	struct span octets; /* what is left of them */
	size_t number;      /* of the message asked for */
	struct ahead ahead;
	off_t offset; /* in the file */
};

/* Ends in pop3_server_message or pop3_server_refused, at once or later. */
void pop3_fetch_ask(struct pop3_session *pop3, size_t number);
/* Octets of it; 0 = that was all; -1 = a read failed, and was logged. */
long pop3_fetch_read(struct pop3_session *pop3, char *to, size_t size);
void pop3_fetch_clear(struct pop3_fetch *fetch);

#endif
