/* SPDX-License-Identifier: ISC */
/*
 * Next hops and what goes next. A hop is in the ring of its server while something of it
 * may go now, or asleep until something will, or idle: nothing waits, it is at its limit,
 * it waits to be triggered. Rings go round, so no hop holds up another.
 */
#include "queue/queue_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static uint32_t leg_due(void *queue, uint32_t leg)
{
	return AT_LEG((struct queue *)queue, leg)->due;
}

static uint32_t *leg_place(void *queue, uint32_t leg)
{
	return &AT_LEG((struct queue *)queue, leg)->place;
}

static uint32_t hop_due(void *queue, uint32_t hop)
{
	return AT_HOP((struct queue *)queue, hop)->wake;
}

static uint32_t *hop_place(void *queue, uint32_t hop)
{
	return &AT_HOP((struct queue *)queue, hop)->wake_place;
}

const struct heap_order hop_waiting = { leg_due, leg_place };
const struct heap_order hop_sleeping = { hop_due, hop_place };

static uint32_t *bucket_of(const struct queue *queue, uint16_t server, const char *key)
{
	uint64_t hash = (uint64_t)path_hash(span_text(key)) + server;

	hash *= 0x9e3779b97f4a7c15u;
	return &queue->hop_buckets[hash >> (64 - QUEUE_HOPS_BITS)];
}

uint32_t hop_find(struct queue *queue, uint16_t server, const struct queue_hop *what, bool make)
{
	uint32_t *bucket = bucket_of(queue, server, what->key), number = *bucket;
	struct hop *hop;

	for (; number != 0; number = hop->next) {
		hop = AT_HOP(queue, number);
		if (hop->server == server && hop->kind == (uint8_t)what->kind &&
		    strcmp(hop->key, what->key) == 0)
			return number;
	}
	if (!make)
		return 0;
	number = slab_take(&queue->hops);
	hop = AT_HOP(queue, number);
	hop->next = *bucket;
	hop->server = server;
	hop->kind = (uint8_t)what->kind;
	hop->key = memory_text(what->key);
	hop->wake_place = HEAP_NOWHERE;
	*bucket = number;
	queue->hops_count++;
	return number;
}

static void ring_leave(struct queue *queue, uint32_t number)
{
	struct hop *hop = AT_HOP(queue, number);
	struct server *server = queue->servers[hop->server];

	AT_HOP(queue, hop->before)->after = hop->after;
	AT_HOP(queue, hop->after)->before = hop->before;
	if (server->ready == number)
		server->ready = hop->after == number ? 0 : hop->after;
}

static void ring_join(struct queue *queue, uint32_t number)
{
	struct hop *hop = AT_HOP(queue, number), *first;
	struct server *server = queue->servers[hop->server];

	if (server->ready == 0) {
		server->ready = hop->after = hop->before = number;
		return;
	}
	first = AT_HOP(queue, server->ready);
	hop->after = server->ready; /* the last one: just before the first */
	hop->before = first->before;
	AT_HOP(queue, first->before)->after = number;
	first->before = number;
}

static void hop_free(struct queue *queue, uint32_t number)
{
	struct hop *hop = AT_HOP(queue, number);
	uint32_t *at = bucket_of(queue, hop->server, hop->key);

	while (*at != number)
		at = &AT_HOP(queue, *at)->next;
	*at = hop->next;
	heap_clear(&hop->waiting);
	free(hop->key);
	slab_give(&queue->hops, number);
	queue->hops_count--;
}

/* One that did not answer gets one try at a time until it does. */
static uint32_t hop_limit(const struct queue *queue, const struct hop *hop)
{
	const struct queue_limits *limits = &queue->servers[hop->server]->limits;
	uint32_t each = limits->messages_per_connection ? limits->messages_per_connection : 20;
	uint32_t most = limits->connections_per_domain ? limits->connections_per_domain : 1;
	uint32_t wanted = (hop->waiting.count + hop->in_flight + each - 1) / each;

	if (hop->failures > 0 || wanted < 1)
		return 1;
	return wanted < most ? wanted : most;
}

static enum hop_where hop_where(struct queue *queue, struct hop *hop)
{
	uint32_t now = queue_now();

	if (hop->waiting.count == 0 || (hop->kind == QUEUE_HOP_TRIGGER && hop->released == 0))
		return HOP_IDLE;
	hop->wake = AT_LEG(queue, hop->waiting.items[0])->due;
	if (hop->wake < hop->dead_until)
		hop->wake = hop->dead_until;
	if (hop->wake > now)
		return HOP_SLEEPING;
	return hop->in_flight < hop_limit(queue, hop) ? HOP_READY : HOP_IDLE;
}

void hop_settle(struct queue *queue, uint32_t number)
{
	struct hop *hop = AT_HOP(queue, number);
	enum hop_where before = hop->where;

	if (before == HOP_SLEEPING)
		heap_drop(&queue->sleeping, &hop_sleeping, queue, number);
	if (hop->legs == 0) {
		if (before == HOP_READY)
			ring_leave(queue, number);
		hop_free(queue, number);
		return;
	}
	hop->where = (uint8_t)hop_where(queue, hop);
	if (before == HOP_READY && hop->where != HOP_READY)
		ring_leave(queue, number);
	if (hop->where == HOP_SLEEPING) {
		heap_put(&queue->sleeping, &hop_sleeping, queue, number);
		if (hop->wake_place == 0)
			pthread_cond_signal(&queue->clock);
	} else if (hop->where == HOP_READY) {
		if (before != HOP_READY)
			ring_join(queue, number);
		queue->ready_now = true;
	}
}

void hop_put(struct queue *queue, uint32_t leg)
{
	heap_put(&AT_HOP(queue, AT_LEG(queue, leg)->hop)->waiting, &hop_waiting, queue, leg);
}

void hop_pull(struct queue *queue, uint32_t leg)
{
	heap_drop(&AT_HOP(queue, AT_LEG(queue, leg)->hop)->waiting, &hop_waiting, queue, leg);
}

uint32_t hop_next(struct queue *queue)
{
	for (uint16_t i = 0; i < queue->servers_count; i++) {
		uint16_t turn = (uint16_t)((queue->servers_turn + i) % queue->servers_count);
		struct server *server = queue->servers[turn];
		struct hop *hop;

		if (server->ready == 0 || server->in_flight >= server->limits.connections)
			continue;
		hop = AT_HOP(queue, server->ready);
		server->ready = hop->after; /* the next time it is another's turn */
		queue->servers_turn = (uint16_t)(turn + 1);
		if (hop->released > 0)
			hop->released--;
		return hop->waiting.items[0];
	}
	return 0;
}

void hops_wake(struct queue *queue)
{
	/* The clock is asked each time: set back meanwhile, a hop would go to sleep and be woken for ever. */
	while (queue->sleeping.count > 0 &&
	       AT_HOP(queue, queue->sleeping.items[0])->wake <= queue_now())
		hop_settle(queue, queue->sleeping.items[0]);
}

bool hop_matches(const struct hop *hop, const char *key)
{
	return strcmp(hop->key, key) == 0;
}

uint32_t hop_retry(const struct server *server, unsigned failures)
{
	const struct queue_limits *limits = &server->limits;
	size_t last = limits->retry_count > 0 ? limits->retry_count - 1 : 0;
	size_t at = failures > 0 ? failures - 1 : 0;
	uint32_t pause = limits->retry[at < last ? at : last];

	return pause > 0 ? pause : 1;
}

void *clock_run(void *of)
{
	struct queue *queue = of;

	queue_lock(queue);
	while (!queue->ending) {
		hops_wake(queue);
		if (queue->ready_now) {
			queue_unlock(queue);
			queue_lock(queue);
			continue;
		}
		queue_wait(queue, &queue->clock,
			   queue->sleeping.count > 0 ? AT_HOP(queue, queue->sleeping.items[0])->wake
						     : UINT32_MAX);
	}
	queue_unlock(queue);
	return NULL;
}
