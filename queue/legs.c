/* SPDX-License-Identifier: ISC */
/* A message's ways: one leg for each next hop that a waiting recipient of it has. */
#include "queue/queue_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "queue/jobs.h"

static uint32_t timer_due(void *queue, uint32_t message)
{
	return AT_MESSAGE((struct queue *)queue, message)->timer;
}

static uint32_t *timer_place(void *queue, uint32_t message)
{
	return &AT_MESSAGE((struct queue *)queue, message)->timer_place;
}

const struct heap_order message_due = { timer_due, timer_place };

struct queue_hop *legs_hops(struct queue *queue, const struct queue_message *content)
{
	struct queue_hop *hops = memory_array(content->envelope.count, sizeof *hops);

	for (size_t i = 0; i < content->envelope.count; i++)
		if (content->recipients[i].state == QUEUE_WAITING)
			queue->calls.hop(queue->context, content->server,
					 &content->envelope.recipients[i], &hops[i]);
	return hops;
}

/* Taken out of the message's list; `at` is where the list has it. */
static void leg_free(struct queue *queue, uint32_t *at)
{
	uint32_t number = *at, hop;
	struct leg *leg = AT_LEG(queue, number);

	*at = leg->next;
	hop = leg->hop;
	if (leg->place != HEAP_NOWHERE)
		hop_pull(queue, number);
	AT_HOP(queue, hop)->legs--;
	slab_give(&queue->legs, number);
	hop_settle(queue, hop);
}

void legs_free(struct queue *queue, uint32_t message)
{
	while (AT_MESSAGE(queue, message)->leg != 0)
		leg_free(queue, &AT_MESSAGE(queue, message)->leg);
}

static uint32_t leg_make(struct queue *queue, uint32_t message, uint32_t hop)
{
	uint32_t number = slab_take(&queue->legs);
	struct leg *leg = AT_LEG(queue, number);

	leg->message = message;
	leg->hop = hop;
	leg->next = AT_MESSAGE(queue, message)->leg;
	leg->place = HEAP_NOWHERE;
	leg->due = UINT32_MAX;
	AT_MESSAGE(queue, message)->leg = number;
	AT_HOP(queue, hop)->legs++;
	return number;
}

/* The leg that the message which is being matched has to that hop; 0: none yet. */
static uint32_t leg_known(const struct queue *queue, uint32_t hop)
{
	return AT_HOP(queue, hop)->matching == queue->matching ? AT_HOP(queue, hop)->match_leg : 0;
}

/* A message may have as many legs as recipients: none is looked for among the others. */
static void leg_note(struct queue *queue, uint32_t number)
{
	struct hop *hop = AT_HOP(queue, AT_LEG(queue, number)->hop);

	hop->matching = queue->matching;
	hop->match_leg = number;
}

/* Out of the heaps, so that their times may change; forced ones stay so. */
static void legs_loosen(struct queue *queue, uint32_t message)
{
	queue->matching++;
	for (uint32_t at = AT_MESSAGE(queue, message)->leg; at != 0; at = AT_LEG(queue, at)->next) {
		struct leg *leg = AT_LEG(queue, at);

		leg_note(queue, at);
		leg->flags &= ~(uint32_t)LEG_WANTED;
		if (leg->flags & LEG_TAKEN)
			continue;
		if (leg->place != HEAP_NOWHERE)
			hop_pull(queue, at);
		leg->flags |= LEG_TOLD;
		if (leg->due != DUE_FORCED)
			leg->due = UINT32_MAX;
	}
}

/* What was never tried is due since it arrived, so that the oldest goes first. */
static uint32_t due_of(const struct queue *queue, uint32_t message,
		       const struct queue_recipient *recipient)
{
	uint32_t due = recipient->next < 1 ? AT_MESSAGE(queue, message)->arrived
					   : (uint32_t)recipient->next;
	uint32_t now = queue_now();

	if (recipient->next < 1 && due > now) /* the clock was set back */
		due = now;
	return due > DUE_FORCED ? due : DUE_FORCED + 1;
}

static void leg_want(struct queue *queue, uint32_t message, const struct queue_recipient *recipient,
		     const struct queue_hop *way)
{
	uint32_t hop = hop_find(queue, AT_MESSAGE(queue, message)->server, way, true);
	uint32_t number = leg_known(queue, hop);
	uint32_t due = due_of(queue, message, recipient);
	struct leg *leg;

	if (number == 0) {
		number = leg_make(queue, message, hop);
		AT_LEG(queue, number)->flags = LEG_TOLD;
		leg_note(queue, number);
	}
	leg = AT_LEG(queue, number);
	leg->flags |= LEG_WANTED;
	if (!recipient->delay_told)
		leg->flags &= ~(uint32_t)LEG_TOLD;
	if (!(leg->flags & LEG_TAKEN) && due < leg->due)
		leg->due = due;
}

/* Those that go already, whose hop may be another by now; NULL: none. To be freed. */
static bool *recipients_under_way(const struct queue *queue, uint32_t number,
				  const struct queue_message *content)
{
	bool *under_way = NULL;

	if (legs_taken(queue, number)) {
		under_way = memory_array(content->envelope.count, sizeof *under_way);
		jobs_mark(queue, number, AT_MESSAGE(queue, number)->serial, under_way);
	}
	return under_way;
}

void legs_match(struct queue *queue, uint32_t number, const struct queue_message *content,
		const struct queue_hop *hops)
{
	struct message *message = AT_MESSAGE(queue, number);
	bool *under_way = recipients_under_way(queue, number, content);

	message->flags = (uint16_t)(content->held ? MESSAGE_HELD : 0);
	legs_loosen(queue, number);
	for (size_t i = 0; i < content->envelope.count; i++) {
		if (content->recipients[i].owed)
			message->flags |= MESSAGE_OWED;
		if (content->recipients[i].state == QUEUE_WAITING &&
		    !(under_way != NULL && under_way[i]))
			leg_want(queue, number, &content->recipients[i], &hops[i]);
	}
	free(under_way);
	for (uint32_t *at = &message->leg; *at != 0;) {
		if (AT_LEG(queue, *at)->flags & (LEG_WANTED | LEG_TAKEN))
			at = &AT_LEG(queue, *at)->next;
		else
			leg_free(queue, at);
	}
	legs_resume(queue, number);
}

void legs_pause(struct queue *queue, uint32_t message)
{
	AT_MESSAGE(queue, message)->flags |= MESSAGE_PAUSED;
	for (uint32_t at = AT_MESSAGE(queue, message)->leg; at != 0; at = AT_LEG(queue, at)->next)
		if (AT_LEG(queue, at)->place != HEAP_NOWHERE) {
			hop_pull(queue, at);
			hop_settle(queue, AT_LEG(queue, at)->hop);
		}
}

void legs_resume(struct queue *queue, uint32_t number)
{
	struct message *message = AT_MESSAGE(queue, number);

	message->flags &= (uint16_t)~MESSAGE_PAUSED;
	for (uint32_t at = message->leg; at != 0; at = AT_LEG(queue, at)->next) {
		struct leg *leg = AT_LEG(queue, at);

		if (leg->place == HEAP_NOWHERE && !(leg->flags & LEG_TAKEN) &&
		    !(message->flags & MESSAGE_HELD))
			hop_put(queue, at);
		hop_settle(queue, leg->hop);
	}
	timer_set(queue, number);
}

bool legs_taken(const struct queue *queue, uint32_t message)
{
	for (uint32_t at = AT_MESSAGE(queue, message)->leg; at != 0; at = AT_LEG(queue, at)->next)
		if (AT_LEG(queue, at)->flags & LEG_TAKEN)
			return true;
	return false;
}

void legs_force(struct queue *queue, uint32_t message)
{
	legs_pause(queue, message);
	for (uint32_t at = AT_MESSAGE(queue, message)->leg; at != 0; at = AT_LEG(queue, at)->next) {
		struct hop *hop = AT_HOP(queue, AT_LEG(queue, at)->hop);

		if (AT_LEG(queue, at)->flags & LEG_TAKEN)
			continue;
		AT_LEG(queue, at)->due = DUE_FORCED; /* so it is the first of its hop */
		hop->dead_until = 0;
		hop->released += !(AT_MESSAGE(queue, message)->flags & MESSAGE_HELD);
	}
	legs_resume(queue, message);
}
