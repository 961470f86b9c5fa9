/* SPDX-License-Identifier: ISC */
/* One job for mailboxes of ours on its way through its recipients. */
#ifndef RELAY_LOCAL_PRIVATE_H
#define RELAY_LOCAL_PRIVATE_H

#include "relay/relay.h"

struct place_one {
	size_t number; /* of the recipient in the job */
	size_t length;
	char ticket[TICKET_SIZE_MAX];
};

struct placing {
	struct relay *relay;
	struct outgoing_job *job;
	size_t next;   /* the first recipient that was not looked at yet */
	size_t open;   /* looked at, not decided */
	size_t routes; /* of these: the directory role is asked */
	size_t places; /* questions to the store that are open */
	bool inside;   /* local.c is at work in it */
	struct place_one waiting[MESSAGE_PLACES_MAX]; /* to be placed together */
	size_t waiting_count;
};

/* One that is open has come to its end; the placing may be gone then. */
void placing_decided(struct placing *placing, size_t number, enum queue_verdict verdict,
		     const char *status, const char *text);
/* A message of ours, or of an administrator: it may go to whom it likes. */
bool placing_trusted(const struct placing *placing);

/* local_place.c: into mailboxes, several at a time. */
void place_add(struct placing *placing, size_t number, struct span ticket);
void place_flush(struct placing *placing); /* what waits, now */

/* local_list.c: it becomes others. */
void list_expand(struct placing *placing, size_t number);

#endif
