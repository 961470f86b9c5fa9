/* SPDX-License-Identifier: ISC */
/* The messages that are known, by their ids. */
#include "queue/queue_private.h"

#include <stdlib.h>
#include <string.h>

static uint32_t *bucket_of(const struct queue *queue, const char *id)
{
	uint64_t hash = (uint64_t)path_hash(span_text(id));

	hash *= 0x9e3779b97f4a7c15u;
	return &queue->buckets[hash >> (64 - QUEUE_BUCKETS_BITS)];
}

uint32_t index_find(const struct queue *queue, const char *id)
{
	uint32_t at = *bucket_of(queue, id);

	while (at != 0 && strcmp(AT_MESSAGE(queue, at)->id, id) != 0)
		at = AT_MESSAGE(queue, at)->next;
	return at;
}

uint32_t index_add(struct queue *queue, uint16_t server, const char *id, uint64_t size,
		   int64_t arrived)
{
	struct message *message;
	uint32_t *bucket, number;

	if (index_find(queue, id) != 0)
		return 0;
	if (queue->messages_count >= queue->messages_max) {
		queue->unread = true;
		return 0;
	}
	number = slab_take(&queue->messages);
	message = AT_MESSAGE(queue, number);
	bucket = bucket_of(queue, id);
	message->next = *bucket;
	message->server = server;
	message->size = size;
	message->arrived = (uint32_t)arrived;
	message->timer_place = HEAP_NOWHERE;
	message->serial = ++queue->serial;
	memcpy(message->id, id, strlen(id));
	*bucket = number;
	queue->messages_count++;
	return number;
}

void index_drop(struct queue *queue, uint32_t number)
{
	struct message *message = AT_MESSAGE(queue, number);
	uint32_t *at = bucket_of(queue, message->id);

	legs_free(queue, number);
	if (message->timer_place != HEAP_NOWHERE)
		heap_drop(&queue->due, &message_due, queue, number);
	while (*at != number)
		at = &AT_MESSAGE(queue, *at)->next;
	*at = message->next;
	message->serial = 0;
	message->id[0] = '\0';
	slab_give(&queue->messages, number);
	queue->messages_count--;
	if (queue->unread && queue->messages_count <= queue->messages_max - queue->messages_max / 8)
		pthread_cond_signal(&queue->load);
}

bool index_is(const struct queue *queue, uint32_t message, uint32_t serial)
{
	return AT_MESSAGE(queue, message)->serial == serial;
}

void index_place(struct queue *queue, uint32_t number, struct place *place)
{
	const struct message *message = AT_MESSAGE(queue, number);

	place->queue = queue;
	place->server = queue->servers[message->server];
	place->size = message->size;
	memcpy(place->id, message->id, sizeof place->id);
}
