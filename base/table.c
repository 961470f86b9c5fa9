/* SPDX-License-Identifier: ISC */
#include "base/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/memory.h"

struct table_entry {
	struct table_entry *next_in_bucket;
	struct table_entry *older, *newer; /* the order of use */
	void *value;
	int64_t dies;
	uint64_t hash;
	size_t key_length;
	char key[];
};

struct table {
	struct table_entry **buckets;
	size_t mask; /* buckets - 1, a power of two less one */
	size_t count, limit;
	struct table_entry *oldest, *newest;
	uint64_t seed[2];
	void (*release)(void *value);
};

struct table *table_new(size_t limit, void (*release)(void *value))
{
	struct table *table = memory_new(sizeof *table);

	table->limit = limit ? limit : 1;
	table->release = release;
	table->mask = 63;
	table->buckets = memory_array(table->mask + 1, sizeof *table->buckets);
	if (getrandom(table->seed, sizeof table->seed, 0) != sizeof table->seed)
		memory_die("the kernel gave no random bytes");
	return table;
}

/* A keyed multiply-and-fold hash: cheap, and without the seed nobody can aim at a bucket. */
static uint64_t table_hash(const struct table *table, struct span key)
{
	uint64_t hash = table->seed[0] ^ key.length;

	for (size_t i = 0; i < key.length; i += 8) {
		uint64_t word = 0;
		size_t left = key.length - i;
		__uint128_t product;

		memcpy(&word, key.at + i, left < 8 ? left : 8);
		product = (__uint128_t)(hash ^ word) * (table->seed[1] | 1);
		hash = (uint64_t)product ^ (uint64_t)(product >> 64) ^ table->seed[0];
	}
	return hash ^ hash >> 32;
}

static struct table_entry **table_place(struct table *table, uint64_t hash, struct span key)
{
	struct table_entry **place = &table->buckets[hash & table->mask];

	for (; *place; place = &(*place)->next_in_bucket)
		if ((*place)->hash == hash &&
		    span_equal(span_make((*place)->key, (*place)->key_length), key))
			break;
	return place;
}

static void order_remove(struct table *table, struct table_entry *entry)
{
	*(entry->older ? &entry->older->newer : &table->oldest) = entry->newer;
	*(entry->newer ? &entry->newer->older : &table->newest) = entry->older;
}

static void order_add(struct table *table, struct table_entry *entry)
{
	entry->newer = NULL;
	entry->older = table->newest;
	*(table->newest ? &table->newest->newer : &table->oldest) = entry;
	table->newest = entry;
}

static void table_remove(struct table *table, struct table_entry **place)
{
	struct table_entry *entry = *place;

	*place = entry->next_in_bucket;
	order_remove(table, entry);
	table->count--;
	if (table->release)
		table->release(entry->value);
	free(entry);
}

void table_drop(struct table *table, struct span key)
{
	struct table_entry **place = table_place(table, table_hash(table, key), key);

	if (*place)
		table_remove(table, place);
}

void *table_find(struct table *table, struct span key, int64_t now)
{
	struct table_entry **place = table_place(table, table_hash(table, key), key);

	if (!*place)
		return NULL;
	if ((*place)->dies <= now) {
		table_remove(table, place);
		return NULL;
	}
	order_remove(table, *place);
	order_add(table, *place);
	return (*place)->value;
}

static void table_widen(struct table *table)
{
	size_t size = (table->mask + 1) * 2;
	struct table_entry **buckets = memory_array(size, sizeof *buckets);

	for (struct table_entry *entry = table->oldest; entry; entry = entry->newer) {
		struct table_entry **bucket = &buckets[entry->hash & (size - 1)];

		entry->next_in_bucket = *bucket;
		*bucket = entry;
	}
	free(table->buckets);
	table->buckets = buckets;
	table->mask = size - 1;
}

static void table_evict(struct table *table)
{
	struct table_entry *entry = table->oldest;

	table_remove(table, table_place(table, entry->hash, span_make(entry->key, entry->key_length)));
}

void table_put(struct table *table, struct span key, void *value, int64_t dies)
{
	uint64_t hash = table_hash(table, key);
	struct table_entry **place = table_place(table, hash, key);
	struct table_entry *entry;

	if (*place)
		table_remove(table, place);
	if (table->count >= table->limit)
		table_evict(table);
	if (table->count > table->mask)
		table_widen(table);
	entry = memory_new(sizeof *entry + key.length);
	entry->value = value;
	entry->dies = dies;
	entry->hash = hash;
	entry->key_length = key.length;
	memcpy(entry->key, key.at, key.length);
	entry->next_in_bucket = table->buckets[hash & table->mask];
	table->buckets[hash & table->mask] = entry;
	order_add(table, entry);
	table->count++;
}

bool table_drop_oldest(struct table *table)
{
	if (!table->oldest)
		return false;
	table_evict(table);
	return true;
}

void table_sweep(struct table *table, bool (*doomed)(void *context, const void *value), void *context)
{
	for (struct table_entry *entry = table->oldest, *next; entry; entry = next) {
		next = entry->newer;
		if (doomed(context, entry->value))
			table_remove(table, table_place(table, entry->hash,
							span_make(entry->key, entry->key_length)));
	}
}

void table_clear(struct table *table)
{
	while (table->oldest)
		table_evict(table);
}

void table_free(struct table *table)
{
	if (!table)
		return;
	table_clear(table);
	free(table->buckets);
	free(table);
}

size_t table_count(const struct table *table)
{
	return table->count;
}
