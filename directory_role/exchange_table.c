/* SPDX-License-Identifier: ISC */
#include "directory_role/exchange_table.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

struct row {
	struct row *next; /* oldest first */
	void *exchange;
	int64_t began; /* clock_ms */
	uint32_t handle;
	bool taken, dropped;
};

struct exchange_table {
	pthread_mutex_t lock;
	void (*free_one)(void *exchange);
	struct row *first, **last;
	unsigned count;
};

struct exchange_table *exchange_table_new(void (*free_one)(void *exchange))
{
	struct exchange_table *table = memory_new(sizeof *table);

	pthread_mutex_init(&table->lock, NULL);
	table->free_one = free_one;
	table->last = &table->first;
	return table;
}

/* With the lock held. */
static struct row **place_of(struct exchange_table *table, uint32_t handle)
{
	struct row **place = &table->first;

	while (*place && (*place)->handle != handle)
		place = &(*place)->next;
	return place;
}

static void row_remove(struct exchange_table *table, struct row **place)
{
	struct row *row = *place;

	*place = row->next;
	if (!row->next)
		table->last = place;
	table->count--;
	table->free_one(row->exchange);
	free(row);
}

void exchange_table_free(struct exchange_table *table)
{
	if (!table)
		return;
	while (table->first)
		row_remove(table, &table->first);
	pthread_mutex_destroy(&table->lock);
	free(table);
}

/* One in a thread's hands is left alone, however old. */
static void make_room(struct exchange_table *table, int64_t now)
{
	struct row **place = &table->first;

	while (*place && (table->count >= EXCHANGE_TABLE_MAX ||
			  now - (*place)->began > EXCHANGE_TABLE_SECONDS * INT64_C(1000))) {
		if ((*place)->taken)
			place = &(*place)->next;
		else
			row_remove(table, place);
	}
}

bool exchange_table_add(struct exchange_table *table, uint32_t handle, void *exchange)
{
	struct row *row;
	bool added = false;

	pthread_mutex_lock(&table->lock);
	if (!*place_of(table, handle)) {
		int64_t now = clock_ms();

		make_room(table, now);
		row = memory_new(sizeof *row);
		*row = (struct row){ NULL, exchange, now, handle, true, false };
		*table->last = row;
		table->last = &row->next;
		table->count++;
		added = true;
	}
	pthread_mutex_unlock(&table->lock);
	return added;
}

void *exchange_table_take(struct exchange_table *table, uint32_t handle, bool *busy)
{
	void *exchange = NULL;
	struct row *row;

	pthread_mutex_lock(&table->lock);
	row = *place_of(table, handle);
	*busy = row && row->taken;
	if (row && !row->taken) {
		row->taken = true;
		exchange = row->exchange;
	}
	pthread_mutex_unlock(&table->lock);
	return exchange;
}

void exchange_table_give(struct exchange_table *table, uint32_t handle)
{
	struct row **place;

	pthread_mutex_lock(&table->lock);
	place = place_of(table, handle);
	if (*place)
		(*place)->taken = false;
	if (*place && (*place)->dropped)
		row_remove(table, place);
	pthread_mutex_unlock(&table->lock);
}

void exchange_table_drop(struct exchange_table *table, uint32_t handle)
{
	struct row **place;

	pthread_mutex_lock(&table->lock);
	place = place_of(table, handle);
	if (*place && (*place)->taken)
		(*place)->dropped = true;
	else if (*place)
		row_remove(table, place);
	pthread_mutex_unlock(&table->lock);
}
