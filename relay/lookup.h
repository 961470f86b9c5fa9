/* SPDX-License-Identifier: ISC */
/*
 * What the resolver role says about a destination, kept for the seconds it is good for.
 * Kept as it came, and read when a connection is made: a destination that nobody sends
 * to costs little.
 */
#ifndef RELAY_LOOKUP_H
#define RELAY_LOOKUP_H

#include "daemon/message_resolver.h"

struct channel;
struct relay;

struct lookup {
	struct message_hosts ask;
	char *body; /* of the answer; NULL: there is none */
	size_t length;
	int64_t good_until;    /* clock_ms */
	struct channel *asked; /* NULL: no question is open */
	uint32_t number;
	int64_t since; /* clock_ms: waiting for the resolver */
	struct relay *relay;
	void (*done)(void *context);
	void *context;
};

void lookup_init(struct lookup *lookup, struct relay *relay, const struct message_hosts *ask,
		 void (*done)(void *context), void *context);
void lookup_clear(struct lookup *lookup);
/*
 * The answer; NULL: it is being asked for, and `done` follows, never from inside this call. Without
 * a resolver for some seconds it is HOSTS_TROUBLE. In memory that the next call uses again.
 */
const struct message_hosts_found *lookup_find(struct lookup *lookup);
/*
 * The last answer, whether it is still good or not, for whoever began with it; asks nothing. NULL:
 * there was none. In the same memory.
 */
const struct message_hosts_found *lookup_kept(const struct lookup *lookup);

#endif
