/* SPDX-License-Identifier: ISC */
#include "directory/cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/table.h"

enum { CACHE_POSITIVE_MAX = 20000, CACHE_NEGATIVE_MAX = 50000 };

struct kept {
	int64_t dies;
	struct person person[]; /* one, or none */
};

struct cache {
	pthread_mutex_t mutex;
	/* Two tables, so that a flood of invented addresses cannot push the real ones out. */
	struct table *positive, *negative;
	int64_t positive_ms, negative_ms;
};

struct cache *cache_new(unsigned positive_seconds, unsigned negative_seconds)
{
	struct cache *cache = memory_new(sizeof(*cache));

	pthread_mutex_init(&cache->mutex, NULL);
	cache->positive = table_new(CACHE_POSITIVE_MAX, free);
	cache->negative = table_new(CACHE_NEGATIVE_MAX, free);
	cache->positive_ms = (int64_t)positive_seconds * 1000;
	cache->negative_ms = (int64_t)negative_seconds * 1000;
	return cache;
}

void cache_free(struct cache *cache)
{
	if (!cache)
		return;
	table_free(cache->positive);
	table_free(cache->negative);
	pthread_mutex_destroy(&cache->mutex);
	free(cache);
}

bool cache_find(struct cache *cache, struct span key, int64_t now, bool *exists,
		struct person *person, int64_t *left)
{
	const struct kept *kept;

	pthread_mutex_lock(&cache->mutex);
	kept = table_find(cache->positive, key, now);
	*exists = kept != NULL;
	if (kept)
		*person = kept->person[0];
	else
		kept = table_find(cache->negative, key, now);
	if (kept)
		*left = kept->dies - now;
	pthread_mutex_unlock(&cache->mutex);
	return kept != NULL;
}

void cache_keep(struct cache *cache, struct span key, int64_t now, const struct person *person)
{
	int64_t life = person ? cache->positive_ms : cache->negative_ms;
	struct kept *kept;

	if (life == 0)
		return;
	kept = memory_new(sizeof(*kept) + (person ? sizeof(*person) : 0));
	kept->dies = now + life;
	if (person)
		kept->person[0] = *person;
	pthread_mutex_lock(&cache->mutex);
	table_put(person ? cache->positive : cache->negative, key, kept, kept->dies);
	table_drop(person ? cache->negative : cache->positive, key);
	pthread_mutex_unlock(&cache->mutex);
}
