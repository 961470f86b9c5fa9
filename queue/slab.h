/* SPDX-License-Identifier: ISC */
/*
 * Many small records of one size, known by number, that never move. Numbers begin at
 * 1; 0 is none. Memory grows a piece at a time and is kept for the next ones. Not locked.
 */
#ifndef QUEUE_SLAB_H
#define QUEUE_SLAB_H

#include <stddef.h>
#include <stdint.h>

struct slab {
	size_t size; /* of a record; its first four octets are used while it is free */
	char **pieces;
	uint32_t used;  /* the highest number ever given */
	uint32_t spare; /* first of those given back */
};

uint32_t slab_take(struct slab *slab); /* zeroed */
void slab_give(struct slab *slab, uint32_t number);
void *slab_at(const struct slab *slab, uint32_t number);
void slab_clear(struct slab *slab);

#endif
