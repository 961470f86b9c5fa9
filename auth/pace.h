/* SPDX-License-Identifier: ISC */
/*
 * How long a refused login takes, so that nobody can tell from it why: an unknown name costs
 * one search, a wrong password a bind as well, a repeated one nothing. Every refusal is
 * held until the time that a checked password usually takes, and a bit more by chance.
 * A plain value; the owner locks. Times are milliseconds.
 */
#ifndef AUTH_PACE_H
#define AUTH_PACE_H

#include <stdint.h>

enum { PACE_LEAST = 100, PACE_MOST = 2000, PACE_FIRST = 300 };

struct pace {
	int64_t mean, deviation; /* thousandths of a millisecond; 0 = nothing was measured yet */
};

/* A wrong password that the directory was asked about was answered in this time. */
void pace_note(struct pace *pace, int64_t elapsed);
/* The time that nearly all of them need: mean and four deviations, as for RFC 6298's timer. */
int64_t pace_usual(const struct pace *pace);
/* How long a refusal that took `elapsed` is to be held. */
int64_t pace_hold(const struct pace *pace, int64_t elapsed, uint32_t random);

#endif
