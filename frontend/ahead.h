/* SPDX-License-Identifier: ISC */
/*
 * Messages that the store handed over before they were asked for: most clients fetch one after the other, and
 * one answer then serves several RETR. What all sessions of a process hold is limited; above that the store is
 * asked for one message at a time.
 */
#ifndef FRONTEND_AHEAD_H
#define FRONTEND_AHEAD_H

#include "base/span.h"

enum { AHEAD_MESSAGES = 16, AHEAD_OCTETS_MAX = 16 << 20 };

struct ahead {
	char *octets;
	size_t length, at;
	size_t next; /* number of the message at `at` */
};

/* Copies messages in wire form, of which the first is `number`, in place of what was there. */
void ahead_put(struct ahead *ahead, size_t number, struct span octets);
/* Message `number`, valid until the next call here. False: not there; what was there is forgotten. */
bool ahead_take(struct ahead *ahead, size_t number, struct span *message);
/* The last one taken is done with: forgets when no other is left. */
void ahead_done(struct ahead *ahead);
void ahead_passed(struct ahead *ahead, size_t number); /* that one came as a file */
void ahead_clear(struct ahead *ahead);
/* How many to ask for when `number` is wanted and what was taken last came before it, or nothing was. */
unsigned ahead_wanted(const struct ahead *ahead, size_t number);

#endif
