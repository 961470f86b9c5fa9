/* SPDX-License-Identifier: ISC */
#include "daemon/held.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct held {
	struct held_answer **heap; /* the first is due first */
	size_t count, size;
};

struct held *held_new(void)
{
	return memory_new(sizeof(struct held));
}

void held_free(struct held *held)
{
	if (!held)
		return;
	for (size_t i = 0; i < held->count; i++)
		free(held->heap[i]);
	free(held->heap);
	free(held);
}

static bool is_before(const struct held *held, size_t a, size_t b)
{
	return held->heap[a]->due < held->heap[b]->due;
}

static void swap(struct held *held, size_t a, size_t b)
{
	struct held_answer *kept = held->heap[a];

	held->heap[a] = held->heap[b];
	held->heap[b] = kept;
}

static void rise(struct held *held, size_t at)
{
	while (at > 0 && is_before(held, at, (at - 1) / 2)) {
		swap(held, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static void sink(struct held *held, size_t at)
{
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < held->count; child++)
			if (is_before(held, child, least))
				least = child;
		if (least == at)
			return;
		swap(held, at, least);
		at = least;
	}
}

bool held_add(struct held *held, const struct held_answer *what, struct span body)
{
	struct held_answer *answer;

	if (held->count == HELD_MAX)
		return false;
	answer = memory_new(sizeof(*answer) + body.length);
	*answer = *what;
	answer->length = body.length;
	if (body.length)
		memcpy(answer->body, body.at, body.length);
	if (held->count == held->size) {
		held->size = held->size ? held->size * 2 : 64;
		held->heap = memory_grow(held->heap, held->size, sizeof(struct held_answer *));
	}
	held->heap[held->count] = answer;
	rise(held, held->count++);
	return true;
}

struct held_answer *held_take(struct held *held, int64_t now)
{
	struct held_answer *first;

	if (held->count == 0 || held->heap[0]->due > now)
		return NULL;
	first = held->heap[0];
	held->heap[0] = held->heap[--held->count];
	sink(held, 0);
	return first;
}

int held_wait(const struct held *held, int64_t now)
{
	int64_t left;

	if (held->count == 0)
		return -1;
	left = held->heap[0]->due - now;
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}
