/* SPDX-License-Identifier: ISC */
/* The maildrop listing that the store hands over, in its packet or in a memory file, read into what the POP3 engine
 * wants. */
#ifndef DAEMON_LISTING_H
#define DAEMON_LISTING_H

#include "pop3/pop3_server.h"

struct listing {
	struct pop3_maildrop maildrop;
	struct pop3_message *messages;
	char *text; /* what the uids point into */
};

/* Closes fd. False when it is not a listing; then there is nothing to clear. */
bool listing_read(struct listing *listing, int fd);
/* The same from a packet. */
bool listing_copy(struct listing *listing, struct span text);
void listing_clear(struct listing *listing);

#endif
