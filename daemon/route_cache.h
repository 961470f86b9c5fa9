/* SPDX-License-Identifier: ISC */
/*
 * Answers of the directory role kept near the asker for the seconds it said they
 * are good for, so that RCPT of a known mailbox costs no round trip.
 */
#ifndef DAEMON_ROUTE_CACHE_H
#define DAEMON_ROUTE_CACHE_H

#include "daemon/message_directory.h"

struct table;

struct route_answer {
	enum outcome outcome;
	enum route_kind kind;
	bool queued, full; /* in a transaction: goes into the queue; because the mailbox is full */
	unsigned code;
	char status[12];
	uint64_t quota;
	uint64_t size; /* largest message that it takes */
	size_t ticket_length;
	char text[200];
	char ticket[]; /* TICKET_DELIVER; behind it `via` and `canonical`, with their NULs */
};

struct route_answer *route_answer_new(const struct message_route *route);
/* The next hop that the directory names; "" = none. */
const char *route_answer_via(const struct route_answer *answer);
/* The same for all addresses of a mailbox, or list; "" = not known. */
const char *route_answer_canonical(const struct route_answer *answer);
struct route_answer *route_answer_copy(const struct route_answer *answer);

struct table *route_cache_new(void);
const struct route_answer *route_cache_find(struct table *routes, const struct address *address);
void route_cache_put(struct table *routes, const struct address *address, const struct message_route *route);

#endif
