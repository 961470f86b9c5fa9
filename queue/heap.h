/* SPDX-License-Identifier: ISC */
/*
 * Numbers of things in the order of their times. The things stand elsewhere and know
 * their places, so that any one can be taken out. Not locked: the owner locks.
 */
#ifndef QUEUE_HEAP_H
#define QUEUE_HEAP_H

#include <stddef.h>
#include <stdint.h>

#define HEAP_NOWHERE UINT32_MAX

struct heap {
	uint32_t *items;
	uint32_t count, room;
};

struct heap_order { /* context: the owner */
	uint32_t (*due)(void *context, uint32_t item);
	uint32_t *(*place)(void *context, uint32_t item); /* where the thing keeps its place */
};

void heap_put(struct heap *heap, const struct heap_order *order, void *context, uint32_t item);
void heap_drop(struct heap *heap, const struct heap_order *order, void *context, uint32_t item);
void heap_clear(struct heap *heap); /* frees; the things' places are not touched */

#endif
