/* SPDX-License-Identifier: ISC */
/*
 * A circuit breaker: a thing that failed is left alone for a pause that grows with
 * each failure; when the pause is over one attempt goes (half open), and its end
 * closes the circuit or opens it again. Pure: the caller passes the time (clock_ms)
 * and does the locking.
 */
#ifndef DIRECTORY_BREAKER_H
#define DIRECTORY_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum { BREAKER_REASON_SIZE = 320 };

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker { /* embedded; zero is closed */
	enum breaker_state state;
	unsigned tolerance; /* failures in a row that do not open it yet */
	int64_t longest;    /* pause, ms; 0 = 5 s */
	unsigned failures;  /* in a row */
	int64_t retry;      /* OPEN: not before. HALF_OPEN: the one that went is given up */
	char reason[BREAKER_REASON_SIZE]; /* of the last failure; "" when none since the last
					     success */
};

/* An attempt may be made now. */
bool breaker_admits(const struct breaker *breaker, int64_t now);
/* Somebody goes. Its end must be told within `patience` ms, or another may go. */
void breaker_enter(struct breaker *breaker, int64_t now, int64_t patience);
/* True when it was closed until now, or failed for another reason: worth a line in the log. */
bool breaker_failed(struct breaker *breaker, const char *reason, int64_t now);
bool breaker_succeeded(struct breaker *breaker);          /* true when it was not closed */
const char *breaker_state_name(enum breaker_state state); /* "up", "down", "probed" */

#endif
