/* SPDX-License-Identifier: ISC */
/*
 * MESSAGE_EXPANDED: a recipient of a job has become others. Those that keep the message's sender
 * join the message; lists with a sender of their own get a message of their own first, under an id
 * that is always the same, so that what is done again after a crash finds it while it waits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "daemon/message_queue.h"
#include "queue/others.h"
#include "routing/expansion_wire.h"
#include "store_role/queue_acts.h"
#include "store_role/queue_asks.h"
#include "store_role/queue_copy.h"
#include "store_role/queue_jobs.h"
#include "store_role/store_role.h"

enum { REFUSALS_MAX = 1000 /* that a report tells of */ };

struct expanded {
	struct store_role *role;
	uint64_t handle;
	size_t number; /* of the list in the message */
	struct queue_message *message;
	int fd;
	struct expansion expansion;
	char orcpt[ENVELOPE_ORCPT_MAX + 1]; /* what the sender had said for the list */
	struct queue_failure failure;
};

static const struct envelope_recipient *list_of(const struct expanded *expanded)
{
	return &expanded->message->envelope.recipients[expanded->number];
}

/*
 * RFC 3461 section 5.2.7: what becomes one other hands everything on (5.2.7.2); what becomes many
 * hands on all but the wish to hear of success, of which the list itself tells (5.2.7.3 c).
 */
static unsigned notify_of(const struct expanded *expanded, bool alone)
{
	unsigned notify = list_of(expanded)->notify;

	if (alone || !(notify & ENVELOPE_NOTIFY_SUCCESS))
		return notify;
	notify &= ~ENVELOPE_NOTIFY_SUCCESS;
	return notify ? notify : ENVELOPE_NOTIFY_NEVER;
}

/* ---- a list with a sender of its own ---- */

/*
 * "l" and sixteen digits: of the list with that sender of this recipient of this message. Not of its
 * place among the lists: when it is done again, the directory may say others, or in another order,
 * and one list would be taken for another that waits already.
 */
static void id_make(const struct expanded *expanded, size_t list, char id[QUEUE_ID_SIZE])
{
	char text[QUEUE_ID_SIZE + ADDRESS_TEXT_SIZE + 32];

	snprintf(text, sizeof text, "%s %zu %s", expanded->message->id, expanded->number,
		 expanded->expansion.lists[list].sender);
	snprintf(id, QUEUE_ID_SIZE, "l%016llx", (unsigned long long)path_hash(span_text(text)));
}

/* Members that the message has already are left out. False: nobody is left. */
static bool envelope_make(const struct expanded *expanded, const struct expansion_list *list,
			  struct envelope *envelope)
{
	const struct envelope *whole = &expanded->message->envelope;
	struct others *known = others_new(expanded->role->queue, whole->count + list->count);
	const char *why;

	envelope_init(envelope);
	envelope->has_sender = true;
	if (list->sender[0])
		(void)address_parse(span_text(list->sender), &envelope->sender, &why);
	envelope->body = whole->body;
	envelope->smtputf8 = whole->smtputf8;
	envelope->requiretls = whole->requiretls;
	memcpy(envelope->identity, whole->identity, sizeof envelope->identity);
	for (size_t i = 0; i < whole->count; i++)
		if (i != expanded->number)
			(void)others_put(known, &whole->recipients[i].address);
	for (size_t i = 0; i < list->count; i++) {
		struct envelope_recipient *member;

		if (!others_put(known, &list->members[i].address))
			continue;
		member = envelope_add(envelope, &list->members[i].address);
		member->via = memory_text(list->members[i].via);
		member->notify = list->sender[0] ? 0 : ENVELOPE_NOTIFY_NEVER;
		member->member = true;
	}
	others_free(known);
	return envelope->count > 0;
}

static enum outcome list_send(struct expanded *expanded, size_t number)
{
	struct queue *queue = expanded->role->queue;
	enum outcome outcome = OUTCOME_TEMP;
	struct envelope envelope;
	char id[QUEUE_ID_SIZE];
	int spool = -1;

	id_make(expanded, number, id);
	if (!envelope_make(expanded, &expanded->expansion.lists[number], &envelope))
		return OUTCOME_OK;
	spool = queue_spool(queue, &expanded->failure);
	/* Without the line that names the sender of before: who delivers puts one in front. */
	if (spool >= 0 && queue_copy(expanded->fd, queue_return_path(expanded->fd), spool,
				     expanded->message->size))
		outcome = queue_add(queue, spool, false, expanded->message->server, id, &envelope,
				    &expanded->failure);
	if (outcome != OUTCOME_OK && expanded->failure.exists)
		outcome = OUTCOME_OK; /* it waits already */
	else if (outcome == OUTCOME_OK)
		log_info("queue.list", LOG_TEXT("id", expanded->message->id), LOG_TEXT("list", id),
			 LOG_TEXT("from", expanded->expansion.lists[number].sender),
			 LOG_NUMBER("members", envelope.count));
	envelope_clear(&envelope);
	if (spool >= 0)
		queue_spool_drop(queue, spool);
	return outcome;
}

static enum outcome lists_send(struct expanded *expanded)
{
	enum outcome outcome = OUTCOME_OK;

	for (size_t i = 0; outcome == OUTCOME_OK && i < expanded->expansion.lists_count; i++)
		if (expanded->expansion.lists[i].sender)
			outcome = list_send(expanded, i);
	return outcome;
}

/* ---- branches that get nothing ---- */

/* As if they had been recipients, and failed. */
static enum outcome refusals_report(struct expanded *expanded)
{
	struct queue_message told = *expanded->message;
	size_t count = expanded->expansion.refusals_count;
	struct queue_event *events;
	enum outcome outcome;

	if (count == 0)
		return OUTCOME_OK;
	if (count > REFUSALS_MAX)
		count = REFUSALS_MAX;
	events = memory_array(count, sizeof *events);
	told.envelope.count = count;
	told.envelope.recipients = memory_array(count, sizeof *told.envelope.recipients);
	told.recipients = memory_array(count, sizeof *told.recipients);
	for (size_t i = 0; i < count; i++) {
		const struct expansion_refusal *refusal = &expanded->expansion.refusals[i];

		told.envelope.recipients[i] =
			(struct envelope_recipient){ .address = refusal->address,
						     .notify = notify_of(expanded, false),
						     .orcpt = expanded->orcpt };
		told.recipients[i].state = QUEUE_FAILED;
		memcpy(told.recipients[i].status, refusal->status, sizeof refusal->status);
		snprintf(told.recipients[i].text, sizeof told.recipients[i].text, "%s",
			 refusal->text);
		events[i] = (struct queue_event){ QUEUE_FAILURE, i };
	}
	outcome = queue_report(expanded->role, &told, expanded->fd, events, count);
	free(told.recipients);
	free(told.envelope.recipients);
	free(events);
	return outcome == OUTCOME_TEMP ? OUTCOME_TEMP : OUTCOME_OK;
}

/* ---- those that join the message ---- */

static size_t members_count(const struct expanded *expanded)
{
	size_t count = 0;

	for (size_t i = 0; i < expanded->expansion.lists_count; i++)
		if (!expanded->expansion.lists[i].sender)
			count += expanded->expansion.lists[i].count;
	return count;
}

static enum outcome members_join(struct expanded *expanded)
{
	size_t count = members_count(expanded), used = 0;
	bool alone = count == 1 && expanded->expansion.lists_count == 1 &&
		     expanded->expansion.refusals_count == 0;
	struct envelope_recipient *others = memory_array(count, sizeof *others);
	enum outcome outcome;

	for (size_t i = 0; i < expanded->expansion.lists_count; i++) {
		const struct expansion_list *list = &expanded->expansion.lists[i];

		for (size_t j = 0; !list->sender && j < list->count; j++)
			others[used++] =
				(struct envelope_recipient){ .address = list->members[j].address,
							     .via = list->members[j].via,
							     .notify = notify_of(expanded, alone),
							     .orcpt = expanded->orcpt };
	}
	outcome = queue_expand(expanded->role->queue, expanded->handle, expanded->number, others,
			       count, &expanded->failure);
	free(others); /* their texts are the expansion's */
	return outcome;
}

/* ---- all of it ---- */

static enum outcome take(struct expanded *expanded)
{
	const struct expansion *expansion = &expanded->expansion;
	enum outcome outcome;

	if (expanded->number >= expanded->message->envelope.count ||
	    expanded->message->recipients[expanded->number].state != QUEUE_WAITING)
		return OUTCOME_OK; /* it was done before, and nobody heard of it */
	envelope_orcpt(list_of(expanded), expanded->orcpt);
	outcome = lists_send(expanded);
	if (outcome == OUTCOME_OK)
		outcome = refusals_report(expanded);
	if (outcome == OUTCOME_OK)
		outcome = members_join(expanded);
	if (outcome == OUTCOME_OK)
		log_info("queue.expanded", LOG_TEXT("id", expanded->message->id),
			 LOG_TEXT("list", expanded->orcpt),
			 LOG_NUMBER("members", members_count(expanded)),
			 LOG_NUMBER("lists", expansion->lists_count),
			 LOG_NUMBER("refused", expansion->refusals_count));
	else
		log_error("queue.expand", LOG_TEXT("id", expanded->message->id),
			  LOG_TEXT("why", expanded->failure.reason),
			  LOG_NUMBER("disk_full", expanded->failure.full));
	return outcome;
}

static void expand(struct expanded *expanded, struct message_result *result)
{
	expanded->fd = queue_job_open(expanded->role->queue, expanded->handle, &expanded->message);
	if (expanded->fd < 0) {
		result->flags = MESSAGE_RESULT_GONE;
		return;
	}
	result->outcome = take(expanded);
	result->flags = expanded->failure.full ? MESSAGE_RESULT_FULL : 0;
	queue_message_free(expanded->message);
	close(expanded->fd);
}

bool queue_handle_expanded(struct work *work)
{
	const struct store_peer *peer = work_own(work);
	struct expanded expanded = { .role = work->context };
	struct message_result result = { .outcome = OUTCOME_TEMP };
	struct message_list ask;

	if (!message_get_list(work_body(work), &ask))
		return false;
	expanded.handle = ask.handle;
	if (work->fd < 0 ||
	    !queue_jobs_recipient(peer->jobs, ask.handle, ask.recipient, &expanded.number)) {
		result.flags = MESSAGE_RESULT_GONE;
		store_answer(work, &result, -1);
		return true;
	}
	if (!expansion_read_file(work->fd, &expanded.expansion))
		return false; /* the relay hands on what it was given */
	queue_asks_defer();
	expand(&expanded, &result);
	expansion_clear(&expanded.expansion);
	store_answer(work, &result, -1);
	queue_asks_serve(expanded.role->asks);
	return true;
}
