/* SPDX-License-Identifier: ISC */
/*
 * MESSAGE_DELIVER: into mailboxes (and drops, store_role/store_drop.h), into the queue, or both. Where both, the queue's copy is
 * durable first, but goes out only when the mailboxes have theirs; a crash in between may
 * send a message whose client was told nothing, and never loses one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/message_queue.h"
#include "store_role/queue_asks.h"
#include "store_role/queue_rules.h"
#include "store_role/store_drop.h"
#include "store_role/store_role.h"

struct delivery {
	struct store_role *role;
	int spool;
	struct message_deliver ask;
	struct store_mailbox *mailboxes;
	size_t *which; /* of the tickets each mailbox is of */
	size_t count;  /* of mailboxes */
	struct drops drops;
	char server[QUEUE_SERVER_SIZE];
	struct envelope envelope; /* of what waits */
	bool stranger;            /* it comes from a frontend */
	struct message_result result;
	struct store_failure failure;
};

/*
 * A frontend may only hand back what store_spool made. Its other files of ours, messages that
 * people logged in to fetch, could pass for one; that would show it nothing it has not seen.
 */
static bool is_spool(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
	       status.st_nlink <= 1;
}

/*
 * 1: all there. 0: a ticket has run out or is not ours (an answer, the sender may
 * have waited too long). -1: malformed.
 */
static int deliver_tickets(struct delivery *delivery, const struct conf *conf)
{
	const struct message_deliver *deliver = &delivery->ask;
	struct wire_reader reader = wire_reader_of(deliver->tickets);
	struct store_mailbox mailbox;
	struct ticket ticket;

	for (uint32_t i = 0; i < deliver->count; i++) {
		struct span encoded = wire_get_span(&reader);

		if (reader.failed)
			return -1;
		if (store_ticket(delivery->role, encoded, TICKET_DELIVER, &ticket, &mailbox)) {
			delivery->which[delivery->count] = i;
			delivery->mailboxes[delivery->count++] = mailbox;
		} else if (!store_ticket(delivery->role, encoded, TICKET_DROP, &ticket, &mailbox) ||
			   !drops_add(&delivery->drops, conf, &ticket)) {
			return 0;
		}
	}
	return wire_done(&reader) ? 1 : -1;
}

/* Files without names, until the mailboxes have theirs. */
static enum outcome write_drops(struct delivery *delivery)
{
	struct address sender;
	struct stat status;

	if (delivery->drops.count == 0)
		return OUTCOME_OK;
	drop_sender(delivery->spool, &sender);
	if (fstat(delivery->spool, &status) != 0)
		return OUTCOME_TEMP;
	return drops_write(&delivery->drops, &sender, delivery->spool, (uint64_t)status.st_size,
			   &delivery->failure);
}

static void into_mailboxes(struct delivery *delivery)
{
	enum outcome outcome = write_drops(delivery);

	if (outcome == OUTCOME_OK && delivery->count > 0)
		outcome = store_deliver(delivery->role->store, delivery->spool, delivery->mailboxes,
					delivery->count, delivery->ask.label, &delivery->failure);
	if (outcome == OUTCOME_OK)
		outcome = drops_commit(&delivery->drops, &delivery->failure);
	delivery->result.outcome = outcome;
}

static void queue_failed(struct delivery *delivery, const struct queue_failure *failure)
{
	delivery->failure.full = failure->full;
	snprintf(delivery->failure.reason, sizeof delivery->failure.reason, "%s", failure->reason);
}

static void into_queue(struct delivery *delivery)
{
	struct queue_failure failure = { 0 };

	delivery->result.outcome =
		queue_add(delivery->role->queue, delivery->spool, false, delivery->server,
			  delivery->ask.label, &delivery->envelope, &failure);
	if (delivery->result.outcome == OUTCOME_OK)
		store_spool_forget(delivery->role->store, delivery->spool);
	else
		queue_failed(delivery, &failure);
}

static void into_both(struct delivery *delivery)
{
	struct queue *queue = delivery->role->queue;
	struct queue_failure failure = { 0 };
	struct queue_prepared *prepared =
		queue_prepare(queue, delivery->spool, true, delivery->server, delivery->ask.label,
			      &delivery->envelope, &delivery->result.outcome, &failure);

	if (prepared == NULL) {
		queue_failed(delivery, &failure);
		return;
	}
	into_mailboxes(delivery);
	if (delivery->result.outcome == OUTCOME_OK)
		queue_commit(queue, prepared);
	else
		queue_withdraw(queue, prepared);
}

static void deliver(struct delivery *delivery)
{
	if (delivery->envelope.count == 0)
		into_mailboxes(delivery);
	else if (delivery->ask.count == 0)
		into_queue(delivery);
	else
		into_both(delivery);
	delivery->result.flags =
		(delivery->failure.full ? MESSAGE_RESULT_FULL : 0) |
		(delivery->failure.over_quota ? MESSAGE_RESULT_OVER_QUOTA : 0);
	if (delivery->failure.over_quota)
		delivery->result.value = delivery->which[delivery->failure.which];
}

static void tell(const struct delivery *delivery)
{
	if (delivery->failure.over_quota)
		log_info("quota.refused", LOG_TEXT("session", delivery->ask.label),
			 LOG_TEXT("cause", delivery->failure.reason));
	else if (delivery->result.outcome != OUTCOME_OK)
		store_tell_failure("store.deliver", delivery->ask.label, &delivery->failure);
}

/* The file for the next message saves the frontend the question for it. */
static void answer_delivered(struct work *work, const struct delivery *delivery)
{
	int fd = delivery->ask.another == 1 ? store_spool_ahead(delivery->role->store) : -1;

	store_answer(work, &delivery->result, fd);
	if (fd >= 0)
		close(fd);
}

/* As deliver_mailboxes, and for the queue's part too. */
/* What would go past the rules of recipients. */
static bool says_too_much(const struct envelope *envelope)
{
	for (size_t i = 0; i < envelope->count; i++)
		if (envelope->recipients[i].member)
			return true;
	return envelope->identity[0] == MESSAGE_IDENTITY_OURS;
}

static int delivery_read(struct delivery *delivery)
{
	struct span envelope = delivery->ask.envelope;
	struct rules *held;
	int valid;

	if (envelope.length > 0 &&
	    (!message_get_envelope(envelope, delivery->server, &delivery->envelope) ||
	     (delivery->stranger && says_too_much(&delivery->envelope))))
		return -1;
	delivery->mailboxes = memory_array(delivery->ask.count, sizeof *delivery->mailboxes);
	delivery->which = memory_array(delivery->ask.count, sizeof *delivery->which);
	held = queue_rules_hold(delivery->role->rules);
	valid = deliver_tickets(delivery, held->conf);
	queue_rules_leave(delivery->role->rules, held);
	return valid;
}

bool store_handle_deliver(struct work *work)
{
	struct delivery delivery = { .role = work->context,
				     .spool = work->fd,
				     .stranger = work->permit->from == ROLE_FRONTEND,
				     .result = { .outcome = OUTCOME_TEMP } };
	int valid;

	if (!message_get_deliver(work_body(work), &delivery.ask))
		return false;
	if (work->fd < 0) {
		log_error("store.deliver", LOG_TEXT("session", delivery.ask.label),
			  LOG_TEXT("why", "no descriptor is left for the spool file"));
		store_answer(work, &delivery.result, -1);
		return true;
	}
	if (!is_spool(work->fd))
		return false;
	valid = delivery_read(&delivery);
	queue_asks_defer();
	if (valid == 1)
		deliver(&delivery);
	else
		snprintf(delivery.failure.reason, sizeof delivery.failure.reason,
			 "a delivery ticket is not valid any more");
	if (valid >= 0) {
		tell(&delivery);
		answer_delivered(work, &delivery);
	}
	queue_asks_serve(delivery.role->asks); /* whoever waits for the 250 comes first */
	envelope_clear(&delivery.envelope);
	drops_clear(&delivery.drops);
	free(delivery.mailboxes);
	free(delivery.which);
	return valid >= 0;
}
