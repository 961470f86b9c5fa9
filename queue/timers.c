/* SPDX-License-Identifier: ISC */
/*
 * What comes with time: delay notices, expiry, reports that could not be made before, results
 * that could not be written. A message of which something is under way is looked at when that
 * has come back.
 */
#include "queue/queue_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "queue/jobs.h"

enum { AGAIN = 60 }; /* seconds, after trouble of our own */

void timer_set_at(struct queue *queue, uint32_t number, uint32_t when)
{
	struct message *message = AT_MESSAGE(queue, number);

	if (message->timer_place != HEAP_NOWHERE)
		heap_drop(&queue->due, &message_due, queue, number);
	if (when == UINT32_MAX)
		return;
	message->timer = when;
	heap_put(&queue->due, &message_due, queue, number);
	if (message->timer_place == 0)
		pthread_cond_signal(&queue->timers);
}

static uint32_t notice_of(const struct queue_limits *limits, bool local)
{
	return local ? limits->local_delay_notice : limits->delay_notice;
}

static uint32_t expiry_of(const struct queue_limits *limits, bool local)
{
	return local ? limits->local_expiry : limits->expiry;
}

void timer_set(struct queue *queue, uint32_t number)
{
	const struct message *message = AT_MESSAGE(queue, number);
	const struct server *server = queue->servers[message->server];
	uint32_t when = UINT32_MAX;

	for (uint32_t at = message->leg; at != 0; at = AT_LEG(queue, at)->next) {
		const struct leg *leg = AT_LEG(queue, at);
		bool local = AT_HOP(queue, leg->hop)->kind == QUEUE_HOP_LOCAL;
		uint32_t due = message->arrived + expiry_of(&server->limits, local);
		uint32_t notice = notice_of(&server->limits, local);

		if (leg->flags & LEG_TAKEN) {
			timer_set_at(queue, number, UINT32_MAX);
			return;
		}
		if (notice > 0 && !(leg->flags & LEG_TOLD) && message->arrived + notice < due)
			due = message->arrived + notice;
		if (due < when && !(message->flags & MESSAGE_HELD))
			when = due;
	}
	if (message->flags & MESSAGE_OWED && queue_now() + hop_retry(server, 1) < when)
		when = queue_now() + hop_retry(server, 1);
	timer_set_at(queue, number, when);
}

static enum queue_what owed_what(enum queue_state state)
{
	if (state == QUEUE_WAITING)
		return QUEUE_DELAYED;
	if (state == QUEUE_FAILED)
		return QUEUE_FAILURE;
	if (state == QUEUE_EXPANDED)
		return QUEUE_SPLIT;
	return state == QUEUE_DELIVERED ? QUEUE_SUCCESS : QUEUE_HANDED_ON;
}

static void expire(struct queue_recipient *recipient)
{
	recipient->state = QUEUE_FAILED;
	snprintf(recipient->status, sizeof recipient->status, "4.4.7");
	if (recipient->text[0] == '\0')
		snprintf(recipient->text, sizeof recipient->text,
			 "could not be delivered before it expired");
}

/* What is due of one recipient; false: nothing. */
static bool recipient_due(const struct queue_limits *limits, const struct queue_message *content,
			  bool local, size_t number, struct queue_event *event)
{
	struct queue_recipient *recipient = &content->recipients[number];
	int64_t age = (int64_t)queue_now() - content->arrived;
	uint32_t notice = notice_of(limits, local);

	event->recipient = number;
	event->what = owed_what(recipient->state);
	if (recipient->state == QUEUE_WAITING && !content->held &&
	    age >= expiry_of(limits, local)) {
		expire(recipient);
		event->what = QUEUE_FAILURE;
		return true;
	}
	if (recipient->state == QUEUE_WAITING && !content->held && notice > 0 && age >= notice &&
	    !recipient->delay_told) {
		recipient->delay_told = true;
		event->what = QUEUE_DELAYED;
		return true;
	}
	return recipient->owed;
}

/* False: the file could not be read or written; it is looked at again in a while. */
static bool message_come_due(struct queue *queue, const struct place *place,
			     const struct queue_limits *limits, int fd,
			     struct queue_message *content, bool *gone)
{
	size_t count = content->envelope.count, events_count = 0;
	struct queue_hop *hops = legs_hops(queue, content);
	struct queue_event *events = memory_array(count, sizeof *events);
	struct queue_recipient *before = memory_array(count, sizeof *before);
	struct queue_failure failure = { 0 };
	enum outcome outcome;

	memcpy(before, content->recipients, count * sizeof *before);
	for (size_t i = 0; i < count; i++)
		if (recipient_due(limits, content, hops[i].kind == QUEUE_HOP_LOCAL, i,
				  &events[events_count]))
			events_count++;
	outcome = message_settle(queue, place, fd, content, before, events, events_count, gone,
				 &failure);
	if (outcome != OUTCOME_OK)
		log_error("queue.timer", LOG_TEXT("id", place->id),
			  LOG_TEXT("why", failure.reason));
	free(before);
	free(events);
	free(hops);
	return outcome == OUTCOME_OK;
}

/* With its stripe held and paused. */
static void message_fire(struct queue *queue, uint32_t number, uint32_t serial,
			 const struct place *place, const struct queue_limits *limits)
{
	char name[RECORD_NAME_SIZE];
	struct queue_message *content = NULL;
	int fd = place_open(place, O_RDWR);
	bool gone = fd < 0 && errno == ENOENT, good = gone;

	record_name(place->id, place->size, name);
	if (fd >= 0)
		content = queue_message_read(fd, name);
	if (content != NULL)
		good = message_come_due(queue, place, limits, fd, content, &gone);
	else if (!gone)
		log_error("queue.timer", LOG_TEXT("id", place->id),
			  LOG_TEXT("why", strerror(errno)));
	message_refresh(queue, number, serial, good ? content : NULL, gone);
	if (fd >= 0)
		close(fd);
	queue_message_free(content);
	if (good)
		return;
	queue_lock(queue);
	if (index_is(queue, number, serial))
		timer_set_at(queue, number, queue_now() + AGAIN);
	queue_unlock(queue);
}

/* Called with the lock, comes back with it. */
static void timer_fire(struct queue *queue)
{
	uint32_t number = queue->due.items[0], serial = AT_MESSAGE(queue, number)->serial;
	pthread_mutex_t *stripe = queue_stripe(queue, number);
	struct queue_limits limits;
	struct place place;
	bool still;

	queue_unlock(queue);
	pthread_mutex_lock(stripe);
	queue_lock(queue);
	still = index_is(queue, number, serial) && !legs_taken(queue, number);
	if (still) {
		legs_pause(queue, number);
		timer_set_at(queue, number, UINT32_MAX);
		index_place(queue, number, &place);
		limits = place.server->limits;
	}
	queue_unlock(queue);
	if (still)
		message_fire(queue, number, serial, &place, &limits);
	pthread_mutex_unlock(stripe);
	queue_lock(queue);
}

void *timers_run(void *of)
{
	struct queue *queue = of;

	queue_lock(queue);
	while (!queue->ending) {
		uint32_t when = queue->due.count > 0 ? AT_MESSAGE(queue, queue->due.items[0])->timer
						     : UINT32_MAX;
		uint32_t unwritten = jobs_unwritten_due(queue), now = queue_now();

		if (unwritten <= now) {
			queue_unlock(queue);
			(void)done_again(queue, now);
			queue_lock(queue);
		} else if (when <= now) {
			timer_fire(queue);
		} else {
			queue_wait(queue, &queue->timers, when < unwritten ? when : unwritten);
		}
	}
	queue_unlock(queue);
	return NULL;
}
