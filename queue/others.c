/* SPDX-License-Identifier: ISC */
#include "queue/others.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/memory.h"
#include "queue/queue_private.h"

struct other {
	const struct address *address; /* NULL: free */
	uint64_t hash;
	bool own;
};

struct others { /* open addressing; at most half full */
	struct queue *queue;
	uint64_t seed; /* so that nobody chooses addresses that collide */
	size_t mask;
	char last[ADDRESS_DOMAIN_MAX + 1]; /* the domain that was asked about last */
	bool last_own;
	struct other at[];
};

struct others *others_new(struct queue *queue, size_t count)
{
	size_t size = 16;
	struct others *others;

	while (size < count * 2)
		size *= 2;
	others = memory_new(sizeof *others + size * sizeof others->at[0]);
	others->queue = queue;
	others->mask = size - 1;
	if (getrandom(&others->seed, sizeof others->seed, 0) != (ssize_t)sizeof others->seed)
		others->seed = (uint64_t)(uintptr_t)others;
	return others;
}

void others_free(struct others *others)
{
	free(others);
}

static bool is_own(struct others *others, const char *domain)
{
	const struct queue_calls *calls = &others->queue->calls;

	if (strcmp(others->last, domain) != 0) {
		memcpy(others->last, domain, strlen(domain) + 1);
		others->last_own = calls->own != NULL && calls->own(others->queue->context, domain);
	}
	return others->last_own;
}

/* FNV-1a over the seed and the text, mixed once more. */
static uint64_t mix(uint64_t hash, const char *text, bool fold)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)(fold ? ascii_lower(*text) : *text)) *
		       UINT64_C(0x100000001b3);
	hash ^= hash >> 32;
	return hash * UINT64_C(0x9e3779b97f4a7c15);
}

static bool is_same(const struct other *a, const struct other *b)
{
	return a->hash == b->hash && strcasecmp(a->address->domain, b->address->domain) == 0 &&
	       (a->own ? strcasecmp(a->address->local, b->address->local)
		       : strcmp(a->address->local, b->address->local)) == 0;
}

bool others_put(struct others *others, const struct address *address)
{
	struct other other = { .address = address, .own = is_own(others, address->domain) };
	size_t at;

	other.hash = mix(mix(others->seed, address->domain, true), address->local, other.own);
	for (at = (other.hash ^ other.hash >> 32) & others->mask; others->at[at].address != NULL;
	     at = (at + 1) & others->mask)
		if (is_same(&others->at[at], &other))
			return false;
	others->at[at] = other;
	return true;
}
