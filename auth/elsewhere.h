/* SPDX-License-Identifier: ISC */
/*
 * The directory role's signed word that somebody has logged in whose mailbox is at another host: the
 * session may go on there, as that person and nobody else. The frontend shows it to have the
 * connection made (daemon/message_dial.h) and, where the gateway logs in there itself, to have that
 * login made (daemon/message_client.h). Good for a minute; it opens nothing here.
 */
#ifndef AUTH_ELSEWHERE_H
#define AUTH_ELSEWHERE_H

#include "auth/ticket.h"

#define ELSEWHERE_SIZE_MAX 700 /* encoded */

struct elsewhere {
	char host[256];   /* name, or numeric address */
	char who[324];    /* authorization identity */
	char session[32]; /* for the log */
	int64_t expires;  /* unix seconds */
};

/* Length, 0 when it does not fit. */
size_t elsewhere_sign(const struct elsewhere *elsewhere, const unsigned char key[TICKET_KEY_SIZE],
		      void *to, size_t size);
/* False unless the signature, the form and the time are right. */
bool elsewhere_verify(struct span encoded, const unsigned char key[TICKET_KEY_SIZE], int64_t now,
		      struct elsewhere *elsewhere);

#endif
