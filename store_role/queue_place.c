/* SPDX-License-Identifier: ISC */
/*
 * MESSAGE_PLACE: waiting mail into mailboxes of ours. The queue's file goes on behind the
 * message, so the mailboxes get a copy; final delivery puts Return-Path in front where
 * nobody has yet (RFC 5321 section 4.4).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/spool.h"
#include "daemon/message_queue.h"
#include "store_role/queue_acts.h"
#include "store_role/queue_copy.h"
#include "store_role/queue_jobs.h"
#include "store_role/queue_rules.h"
#include "store_role/store_drop.h"
#include "store_role/store_role.h"

static bool copy_with_sender(int from, int to, uint64_t size, const struct address *sender)
{
	struct buffer field = BUFFER_EMPTY;
	char text[ADDRESS_TEXT_SIZE];
	bool good;

	address_text(sender, text);
	buffer_add_format(&field, "Return-Path: <%s>\r\n", text);
	good = write(to, buffer_bytes(&field), buffer_used(&field)) ==
		       (ssize_t)buffer_used(&field) &&
	       queue_copy(from, 0, to, size);
	buffer_clear(&field);
	return good;
}

struct placing {
	struct store_role *role;
	const struct message_place *ask;
	size_t numbers[MESSAGE_PLACES_MAX];      /* in the job */
	size_t count, which[MESSAGE_PLACES_MAX]; /* of `mailboxes`: those of the question */
	struct store_mailbox mailboxes[MESSAGE_PLACES_MAX];
	bool drop; /* not into that mailbox, but as `ticket` says */
	struct ticket ticket;
	struct queue_message head; /* id, size and sender of the job's message */
	struct store_failure failure;
};

static enum outcome place_file(struct placing *placing, int from)
{
	const struct queue_message *head = &placing->head;
	int spool = store_spool(placing->role->store, &placing->failure);
	enum outcome outcome = OUTCOME_TEMP;
	bool good;

	if (spool < 0)
		return OUTCOME_TEMP;
	errno = 0;
	good = queue_return_path(from) > 0
		       ? spool_copy(from, spool, head->size) == 0
		       : copy_with_sender(from, spool, head->size, &head->envelope.sender);
	if (good)
		outcome = store_deliver(placing->role->store, spool, placing->mailboxes,
					placing->count, head->id, &placing->failure);
	else
		placing->failure =
			(struct store_failure){ .reason = "cannot copy from the queue",
						.full = errno == ENOSPC || errno == EDQUOT };
	store_spool_forget(placing->role->store, spool);
	close(spool);
	return outcome;
}

/* Those that have it from before a crash are left out. */
static void leave_out(struct placing *placing)
{
	const struct store_role *role = placing->role;
	size_t count = 0;

	if (!store_suspects(role->store, placing->head.arrived))
		return;
	for (size_t i = 0; i < placing->count; i++)
		if (!store_has(role->store, &placing->mailboxes[i], placing->head.id)) {
			placing->mailboxes[count] = placing->mailboxes[i];
			placing->which[count++] = placing->which[i];
		}
	if (count < placing->count)
		log_info("queue.placed_before", LOG_TEXT("id", placing->head.id),
			 LOG_NUMBER("mailboxes", placing->count - count));
	placing->count = count;
}

static enum outcome place_mailboxes(struct placing *placing, int from)
{
	leave_out(placing);
	return placing->count > 0 ? place_file(placing, from) : OUTCOME_OK;
}

static enum outcome place_drop(struct placing *placing, int from)
{
	struct rules *held = queue_rules_hold(placing->role->rules);
	struct drops drops = { .count = 0 };
	enum outcome outcome = OUTCOME_TEMP;

	if (drops_add(&drops, held->conf, &placing->ticket))
		outcome = drops_write(&drops, &placing->head.envelope.sender, from,
				      placing->head.size, &placing->failure);
	else
		placing->failure = (struct store_failure){ .reason = "the domain has no drop" };
	queue_rules_leave(placing->role->rules, held);
	if (outcome == OUTCOME_OK)
		outcome = drops_commit(&drops, &placing->failure);
	drops_clear(&drops);
	return outcome;
}

/* Of a job for one the result that follows says it soon enough. */
static void write_down(const struct placing *placing)
{
	struct queue_failure failure = { 0 };

	if (queue_placed(placing->role->queue, placing->ask->handle, placing->numbers,
			 placing->ask->count, &failure) != OUTCOME_OK)
		log_warning("queue.placed", LOG_TEXT("id", placing->head.id),
			    LOG_TEXT("why", failure.reason));
}

static void place(struct placing *placing, bool alone, struct message_result *result)
{
	int fd = queue_job_head(placing->role->queue, placing->ask->handle, &placing->head);

	if (fd < 0) {
		result->flags = MESSAGE_RESULT_GONE;
		return;
	}
	result->outcome = placing->drop ? place_drop(placing, fd) : place_mailboxes(placing, fd);
	result->flags = (placing->failure.full ? MESSAGE_RESULT_FULL : 0) |
			(placing->failure.over_quota ? MESSAGE_RESULT_OVER_QUOTA : 0);
	if (placing->failure.over_quota)
		result->value = placing->which[placing->failure.which];
	if (result->outcome == OUTCOME_OK && !alone)
		write_down(placing);
	if (placing->failure.over_quota)
		log_info("quota.refused", LOG_TEXT("id", placing->head.id),
			 LOG_TEXT("cause", placing->failure.reason));
	else if (result->outcome != OUTCOME_OK)
		store_tell_failure("queue.place", placing->head.id, &placing->failure);
	close(fd);
}

/* False: one is not valid any more, or a drop's among others, which is asked for alone. */
static bool read_tickets(struct placing *placing, size_t recipients)
{
	struct wire_reader reader = wire_reader_of(placing->ask->places);
	struct ticket ticket;

	for (uint32_t i = 0; i < placing->ask->count; i++) {
		uint32_t number;
		struct span encoded;

		if (!message_get_one_place(&reader, &number, &encoded) || number >= recipients)
			return false;
		placing->numbers[i] = number;
		placing->which[placing->count++] = i;
		if (store_ticket(placing->role, encoded, TICKET_DELIVER, &ticket,
				 &placing->mailboxes[i]))
			continue;
		placing->drop = placing->ask->count == 1 &&
				store_ticket(placing->role, encoded, TICKET_DROP, &placing->ticket,
					     &placing->mailboxes[i]);
		if (!placing->drop)
			return false;
	}
	return true;
}

bool queue_handle_place(struct work *work)
{
	const struct store_peer *peer = work_own(work);
	struct message_result result = { .outcome = OUTCOME_TEMP };
	struct message_place ask;
	struct placing *placing;
	size_t recipients;

	if (!message_get_place(work_body(work), &ask))
		return false;
	placing = memory_new(sizeof *placing);
	placing->role = work->context;
	placing->ask = &ask;
	recipients = queue_jobs_count(peer->jobs, ask.handle);
	if (recipients == 0)
		result.flags = MESSAGE_RESULT_GONE;
	else if (read_tickets(placing, recipients))
		place(placing, recipients == 1, &result);
	free(placing);
	store_answer(work, &result, -1);
	return true;
}
