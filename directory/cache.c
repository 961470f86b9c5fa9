/* SPDX-License-Identifier: ISC */
#include "directory/cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/table.h"

enum { CACHE_POSITIVE_MAX = 100000, CACHE_NEGATIVE_MAX = 50000, KEPT_OCTETS = 200 };

struct kept {
	struct cache *cache;
	struct mail_object *object;
	int64_t made, fresh; /* since and until when */
	size_t octets;
};

struct cache {
	pthread_mutex_t mutex;
	/* Two tables, so that a flood of invented addresses cannot push the real ones out. */
	struct table *positive, *negative;
	int64_t positive_ms, negative_ms, outage_ms;
	int64_t expired; /* what was made until then is not fresh */
	size_t octets, most;
};

static void release(void *value)
{
	struct kept *kept = value;

	kept->cache->octets -= kept->octets;
	object_drop(kept->object);
	free(kept);
}

struct cache *cache_new(const struct cache_lives *lives)
{
	struct cache *cache = memory_new(sizeof(*cache));

	pthread_mutex_init(&cache->mutex, NULL);
	cache->positive = table_new(CACHE_POSITIVE_MAX, release);
	cache->negative = table_new(CACHE_NEGATIVE_MAX, release);
	cache->positive_ms = (int64_t)lives->positive * 1000;
	cache->negative_ms = (int64_t)lives->negative * 1000;
	cache->outage_ms = (int64_t)lives->outage * 1000;
	cache->expired = INT64_MIN;
	cache->most = lives->octets ? lives->octets : (size_t)CACHE_OCTETS;
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

bool cache_find(struct cache *cache, struct span key, int64_t now, struct mail_object **object,
		int64_t *left)
{
	const struct kept *kept;

	*object = NULL;
	pthread_mutex_lock(&cache->mutex);
	kept = table_find(cache->positive, key, now);
	if (!kept || kept->fresh <= now || kept->made <= cache->expired)
		kept = table_find(cache->negative, key, now);
	if (kept) {
		*left = kept->fresh - now;
		*object = object_hold(kept->object);
	}
	pthread_mutex_unlock(&cache->mutex);
	return kept != NULL;
}

struct mail_object *cache_find_old(struct cache *cache, struct span key, int64_t now)
{
	const struct kept *kept;
	struct mail_object *object = NULL;

	if (cache->outage_ms == 0)
		return NULL;
	pthread_mutex_lock(&cache->mutex);
	kept = table_find(cache->positive, key, now);
	if (kept)
		object = object_hold(kept->object);
	pthread_mutex_unlock(&cache->mutex);
	return object;
}

static struct kept *make(struct cache *cache, struct span key, int64_t now,
			 struct mail_object *object)
{
	struct kept *kept = memory_new(sizeof(*kept));

	kept->cache = cache;
	kept->object = object_hold(object);
	kept->made = now;
	kept->fresh = now + (object ? cache->positive_ms : cache->negative_ms);
	kept->octets = KEPT_OCTETS + key.length + (object ? object_octets(object) : 0);
	return kept;
}

void cache_keep(struct cache *cache, struct span key, int64_t now, struct mail_object *object)
{
	struct table *table = object ? cache->positive : cache->negative;
	int64_t life = object ? cache->positive_ms : cache->negative_ms;
	struct kept *kept;

	if (object && life < cache->outage_ms)
		life = cache->outage_ms;
	pthread_mutex_lock(&cache->mutex);
	table_drop(object ? cache->negative : cache->positive, key);
	if (life > 0) {
		kept = make(cache, key, now, object);
		cache->octets += kept->octets;
		table_put(table, key, kept, now + life);
	} else {
		table_drop(table, key);
	}
	while (cache->octets > cache->most && table_drop_oldest(table))
		;
	pthread_mutex_unlock(&cache->mutex);
}

struct forgetting {
	bool (*changed)(void *context, const struct mail_object *object);
	void *context;
};

static bool is_doomed(void *context, const void *value)
{
	const struct forgetting *forgetting = context;
	const struct kept *kept = value;

	return forgetting->changed(forgetting->context, kept->object);
}

void cache_forget(struct cache *cache,
		  bool (*changed)(void *context, const struct mail_object *object), void *context)
{
	struct forgetting forgetting = { changed, context };

	pthread_mutex_lock(&cache->mutex);
	table_sweep(cache->positive, is_doomed, &forgetting);
	table_clear(cache->negative);
	pthread_mutex_unlock(&cache->mutex);
}

void cache_expire(struct cache *cache, int64_t now)
{
	pthread_mutex_lock(&cache->mutex);
	cache->expired = now;
	table_clear(cache->negative);
	pthread_mutex_unlock(&cache->mutex);
}
