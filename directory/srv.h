/* SPDX-License-Identifier: ISC */
/*
 * SRV records (RFC 2782): asked of the system's name servers with a short
 * patience, parsed from the raw answer, ordered by priority and weight.
 */
#ifndef DIRECTORY_SRV_H
#define DIRECTORY_SRV_H

#include <stddef.h>
#include <stdint.h>

enum { SRV_MAX = 32, SRV_HOST_SIZE = 256 };

struct srv {
	char host[SRV_HOST_SIZE]; /* without the final dot */
	uint16_t port, priority, weight;
};

/* The records of a raw DNS answer; at most SRV_MAX; anything malformed ends the reading. */
size_t srv_parse(const unsigned char *answer, size_t length, struct srv records[SRV_MAX]);
/* RFC 2782: by priority; within one, drawn by weight. `random` gives numbers below its argument. */
void srv_order(struct srv *records, size_t count, uint32_t (*random)(uint32_t below));
/* Asks and parses; count, or 0 with *why (static). Blocks for a few seconds at most. */
size_t srv_query(const char *name, struct srv records[SRV_MAX], const char **why);

#endif
