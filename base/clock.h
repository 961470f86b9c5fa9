/* SPDX-License-Identifier: ISC */
/* The two clocks: one that only moves forward, and the calendar. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_ms(void);   /* monotonic milliseconds: for deadlines and TTLs */
int64_t clock_us(void);   /* the same in microseconds: for measuring */
int64_t clock_unix(void); /* seconds since 1970: for what people and files see */

#define CLOCK_RFC5322_SIZE 40
/* "Sat, 21 Nov 2026 22:00:00 +0000", in the local zone. */
void clock_rfc5322(int64_t unix_seconds, char to[CLOCK_RFC5322_SIZE]);

#endif
