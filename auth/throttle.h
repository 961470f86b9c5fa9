/* SPDX-License-Identifier: ISC */
/*
 * Addresses from which many different accounts fail to log in: password spraying. A whole
 * site may stand behind one address, so nobody is refused for his address and whoever has
 * the right password is answered at once. What is slowed are the answers to failures: they
 * leave an address one after the other, further apart the more accounts have failed
 * there, whatever the number of connections. Only when an address has so many failures
 * to wait for that the next one would be late, names that never came in from there are
 * put off without being asked about.
 *
 * A bucket an address (of IPv6 the /64) leaks one failure in ten seconds. The same name
 * again hardly counts, which is a mail program with a stale password; a name that
 * comes in takes a failure away, once in ten minutes. Times are clock_ms and passed in.
 */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	THROTTLE_ADDRESSES_MAX = 50000,
	THROTTLE_FREE = 10,      /* accounts that may fail before anything is slowed */
	THROTTLE_STEP_MS = 100,  /* more distance between answers for each one above */
	THROTTLE_GAP_MS = 1000,  /* the largest distance */
	THROTTLE_WAIT_MS = 8000, /* the longest that an answer is held */
	THROTTLE_LEAK_MS = 10000,
	THROTTLE_LEVEL_MAX = 100, /* failures in a bucket: it is empty after a quarter of an hour */
};

struct throttle;

struct throttle *throttle_new(void);
void throttle_free(struct throttle *throttle);

/* A login of that name from that address failed: so many milliseconds the answer is to be held. */
int64_t throttle_failed(struct throttle *throttle, const char *client, const char *name,
			int64_t now);
void throttle_succeeded(struct throttle *throttle, const char *client, const char *name,
			int64_t now);
/* Strangers from there are to be put off. */
bool throttle_is_full(struct throttle *throttle, const char *client, int64_t now);

struct throttle_state {
	unsigned failures; /* in the bucket */
	int64_t wait;      /* the next failure would be held for so long */
};
struct throttle_state throttle_look(struct throttle *throttle, const char *client, int64_t now);

#endif
