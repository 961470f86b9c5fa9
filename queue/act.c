/* SPDX-License-Identifier: ISC */
/* What people want done with mail that waits. */
#include "queue/queue_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "queue/jobs.h"

struct acting { /* on one message, its stripe held */
	struct queue *queue;
	uint32_t number, serial;
	struct place place;
	int fd;
	bool gone;
	struct queue_failure *failure;
};

/* All of a hop at one time: the order among equals does not matter, the heap stays one. */
static size_t hop_release(struct queue *queue, uint32_t number)
{
	struct hop *hop = AT_HOP(queue, number);

	for (uint32_t i = 0; i < hop->waiting.count; i++)
		AT_LEG(queue, hop->waiting.items[i])->due = DUE_FORCED;
	hop->released = hop->waiting.count;
	hop->dead_until = 0;
	hop_settle(queue, number);
	return hop->released;
}

size_t queue_release(struct queue *queue, const char *key)
{
	size_t count = 0;

	queue_lock(queue);
	for (uint32_t i = 1; i <= queue->hops.used; i++)
		if (AT_HOP(queue, i)->legs > 0 && hop_matches(AT_HOP(queue, i), key))
			count += hop_release(queue, i);
	queue_unlock(queue);
	return count;
}

/* Held ones are in no heap: they are looked for among all. */
size_t queue_waiting(struct queue *queue, const char *key, char (*ids)[QUEUE_ID_SIZE], size_t most)
{
	size_t count = 0;

	queue_lock(queue);
	for (uint32_t i = 1; i <= queue->messages.used && count < most; i++) {
		const struct message *message = AT_MESSAGE(queue, i);
		uint32_t leg = message->serial != 0 ? message->leg : 0;

		while (leg != 0 && !hop_matches(AT_HOP(queue, AT_LEG(queue, leg)->hop), key))
			leg = AT_LEG(queue, leg)->next;
		if (leg != 0)
			memcpy(ids[count++], message->id, QUEUE_ID_SIZE);
	}
	queue_unlock(queue);
	return count;
}

static void recipient_return(struct queue_recipient *recipient)
{
	recipient->state = QUEUE_FAILED;
	snprintf(recipient->status, sizeof recipient->status, "5.0.0");
	snprintf(recipient->text, sizeof recipient->text, "returned by the administrator");
	recipient->mta[0] = '\0';
}

/* Those that are under way are not touched. */
static bool bounce(struct acting *acting, struct queue_message *content)
{
	size_t total = content->envelope.count, count = 0;
	struct queue_event *events = memory_array(total, sizeof *events);
	struct queue_recipient *before = memory_array(total, sizeof *before);
	bool *under_way = memory_array(total, sizeof *under_way);
	bool good;

	memcpy(before, content->recipients, total * sizeof *before);
	queue_lock(acting->queue);
	jobs_mark(acting->queue, acting->number, acting->serial, under_way);
	queue_unlock(acting->queue);
	for (size_t i = 0; i < total; i++)
		if (before[i].state == QUEUE_WAITING && !under_way[i]) {
			recipient_return(&content->recipients[i]);
			events[count++] = (struct queue_event){ QUEUE_FAILURE, i };
		}
	good = message_settle(acting->queue, &acting->place, acting->fd, content, before, events,
			      count, &acting->gone, acting->failure) == OUTCOME_OK;
	free(under_way);
	free(before);
	free(events);
	return good;
}

static bool hold(const struct acting *acting, struct queue_message *content, bool held)
{
	struct buffer record = BUFFER_EMPTY;
	bool good;

	record_held(&record, held);
	good = file_append(acting->fd, buffer_span(&record)) && fdatasync(acting->fd) == 0;
	if (good)
		content->held = held;
	else
		(void)queue_failure_errno(acting->failure, errno, "cannot write to %s",
					  acting->place.id);
	buffer_clear(&record);
	return good;
}

static bool act_on(struct acting *acting, struct queue_message *content, enum queue_act act)
{
	switch (act) {
	case QUEUE_HOLD:
	case QUEUE_UNHOLD:
		return hold(acting, content, act == QUEUE_HOLD);
	case QUEUE_BOUNCE:
		return bounce(acting, content);
	case QUEUE_REMOVE:
		acting->gone = place_remove(&acting->place);
		if (!acting->gone)
			(void)queue_failure_errno(acting->failure, errno, "cannot remove %s",
						  acting->place.id);
		return acting->gone;
	case QUEUE_RETRY:
		break;
	}
	return true;
}

static bool message_act(struct acting *acting, enum queue_act act)
{
	char name[RECORD_NAME_SIZE];
	struct queue_message *content = NULL;
	bool good = false;

	record_name(acting->place.id, acting->place.size, name);
	acting->fd = place_open(&acting->place, O_RDWR);
	acting->gone = acting->fd < 0 && errno == ENOENT;
	if (acting->fd >= 0)
		content = queue_message_read(acting->fd, name);
	if (content != NULL)
		good = act_on(acting, content, act);
	else if (!acting->gone)
		(void)queue_failure_errno(acting->failure, errno, "cannot read %s", name);
	message_refresh(acting->queue, acting->number, acting->serial, good ? content : NULL,
			acting->gone);
	if (acting->fd >= 0)
		close(acting->fd);
	queue_message_free(content);
	return good;
}

bool queue_act(struct queue *queue, const char *id, enum queue_act act,
	       struct queue_failure *failure)
{
	struct acting acting = { .queue = queue, .failure = failure };
	pthread_mutex_t *stripe;
	bool good;

	if (failure != NULL)
		memset(failure, 0, sizeof *failure);
	queue_lock(queue);
	acting.number = index_find(queue, id);
	if (acting.number != 0)
		acting.serial = AT_MESSAGE(queue, acting.number)->serial;
	queue_unlock(queue);
	if (acting.number == 0)
		return false;
	stripe = queue_stripe(queue, acting.number);
	pthread_mutex_lock(stripe);
	queue_lock(queue);
	good = index_is(queue, acting.number, acting.serial);
	if (good && act == QUEUE_RETRY)
		legs_force(queue, acting.number);
	else if (good)
		index_place(queue, acting.number, &acting.place);
	queue_unlock(queue);
	if (good && act != QUEUE_RETRY)
		good = message_act(&acting, act);
	pthread_mutex_unlock(stripe);
	return good;
}
