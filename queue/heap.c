/* SPDX-License-Identifier: ISC */
#include "queue/heap.h"

#include <stdlib.h>

#include "base/memory.h"

static void set(struct heap *heap, const struct heap_order *order, void *context, uint32_t at,
		uint32_t item)
{
	heap->items[at] = item;
	*order->place(context, item) = at;
}

static uint32_t rise(struct heap *heap, const struct heap_order *order, void *context, uint32_t at)
{
	uint32_t item = heap->items[at], due = order->due(context, item);

	while (at > 0 && due < order->due(context, heap->items[(at - 1) / 2])) {
		set(heap, order, context, at, heap->items[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	set(heap, order, context, at, item);
	return at;
}

static void sink(struct heap *heap, const struct heap_order *order, void *context, uint32_t at)
{
	uint32_t item = heap->items[at], due = order->due(context, item);

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < heap->count && order->due(context, heap->items[child + 1]) <
						       order->due(context, heap->items[child]))
			child++;
		if (child >= heap->count || order->due(context, heap->items[child]) >= due)
			break;
		set(heap, order, context, at, heap->items[child]);
		at = child;
	}
	set(heap, order, context, at, item);
}

void heap_put(struct heap *heap, const struct heap_order *order, void *context, uint32_t item)
{
	if (heap->count == heap->room) {
		heap->room = heap->room ? heap->room * 2 : 1;
		heap->items = memory_grow(heap->items, heap->room, sizeof *heap->items);
	}
	heap->items[heap->count] = item;
	(void)rise(heap, order, context, heap->count++);
}

void heap_drop(struct heap *heap, const struct heap_order *order, void *context, uint32_t item)
{
	uint32_t at = *order->place(context, item);

	*order->place(context, item) = HEAP_NOWHERE;
	heap->count--;
	if (at != heap->count) {
		heap->items[at] = heap->items[heap->count];
		sink(heap, order, context, rise(heap, order, context, at));
	}
	if (heap->count == 0)
		heap_clear(heap);
}

void heap_clear(struct heap *heap)
{
	free(heap->items);
	*heap = (struct heap){ 0 };
}
