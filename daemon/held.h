/* SPDX-License-Identifier: ISC */
/*
 * Answers that are to leave later: a refused login takes its time without holding a
 * thread. In order of their time, copied, at most HELD_MAX. Not locked: the owner locks.
 */
#ifndef DAEMON_HELD_H
#define DAEMON_HELD_H

#include "base/span.h"

enum { HELD_MAX = 20000 };

struct held;

struct held_answer {
	void *owner; /* whom it is for */
	int64_t due; /* clock_ms */
	uint16_t kind;
	uint32_t id;
	size_t length;
	char body[];
};

struct held *held_new(void);
void held_free(struct held *held);
/* False when there are HELD_MAX already. */
bool held_add(struct held *held, const struct held_answer *what, struct span body);
/* The first that is due; NULL = none is. The caller frees it. */
struct held_answer *held_take(struct held *held, int64_t now);
/* Milliseconds until one is due; -1 = there is none. */
int held_wait(const struct held *held, int64_t now);

#endif
