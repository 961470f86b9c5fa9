/* SPDX-License-Identifier: ISC */
/*
 * MESSAGE_PLACE: waiting mail into a mailbox of ours. The queue's file goes on behind the
 * message, so the mailbox gets a copy; final delivery puts Return-Path in front where
 * nobody has yet (RFC 5321 section 4.4).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/spool.h"
#include "daemon/message_queue.h"
#include "store_role/queue_acts.h"
#include "store_role/queue_jobs.h"
#include "store_role/queue_rules.h"
#include "store_role/store_drop.h"
#include "store_role/store_role.h"

static bool has_return_path(int fd)
{
	static const char name[] = "Return-Path:";
	char first[sizeof name - 1];

	return pread(fd, first, sizeof first, 0) == (ssize_t)sizeof first &&
	       span_starts_nocase(span_make(first, sizeof first), name);
}

static bool copy_body(int from, int to, uint64_t size)
{
	char piece[16384];
	uint64_t at = 0;

	while (at < size) {
		size_t want = size - at < sizeof piece ? (size_t)(size - at) : sizeof piece;
		ssize_t got = pread(from, piece, want, (off_t)at);

		if (got <= 0 || write(to, piece, (size_t)got) != got)
			return false;
		at += (uint64_t)got;
	}
	return true;
}

static bool copy_with_sender(int from, int to, uint64_t size, const struct address *sender)
{
	struct buffer field = BUFFER_EMPTY;
	char text[ADDRESS_TEXT_SIZE];
	bool good;

	address_text(sender, text);
	buffer_add_format(&field, "Return-Path: <%s>\r\n", text);
	good = write(to, buffer_bytes(&field), buffer_used(&field)) == (ssize_t)buffer_used(&field) &&
	       copy_body(from, to, size);
	buffer_clear(&field);
	return good;
}

struct placing {
	struct store_role *role;
	struct store_mailbox mailbox;
	bool drop; /* not into that mailbox, but as `ticket` says */
	struct ticket ticket;
	struct queue_message head; /* id, size and envelope of the job's message */
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
	good = has_return_path(from)
		       ? spool_copy(from, spool, head->size) == 0
		       : copy_with_sender(from, spool, head->size, &head->envelope.sender);
	if (good)
		outcome = store_deliver(placing->role->store, spool, &placing->mailbox, 1, head->id,
					&placing->failure);
	else
		placing->failure = (struct store_failure){
			.reason = "cannot copy from the queue", .full = errno == ENOSPC || errno == EDQUOT
		};
	store_spool_forget(placing->role->store, spool);
	close(spool);
	return outcome;
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

static void place(struct placing *placing, uint64_t handle, struct message_result *result)
{
	struct queue_message *message;
	int fd = queue_job_open(placing->role->queue, handle, &message);

	if (fd < 0) {
		result->flags = MESSAGE_RESULT_GONE;
		return;
	}
	placing->head = *message;
	result->outcome = placing->drop ? place_drop(placing, fd) : place_file(placing, fd);
	result->flags = (placing->failure.full ? MESSAGE_RESULT_FULL : 0) |
			(placing->failure.over_quota ? MESSAGE_RESULT_OVER_QUOTA : 0);
	if (placing->failure.over_quota)
		log_info("quota.refused", LOG_TEXT("id", message->id),
			 LOG_TEXT("cause", placing->failure.reason));
	else if (result->outcome != OUTCOME_OK)
		store_tell_failure("queue.place", message->id, &placing->failure);
	queue_message_free(message);
	close(fd);
}

bool queue_handle_place(struct work *work)
{
	const struct store_peer *peer = work_own(work);
	struct placing placing = { .role = work->context };
	struct message_result result = { .outcome = OUTCOME_TEMP };
	struct message_place ask;
	struct ticket ticket;

	if (!message_get_place(work_body(work), &ask))
		return false;
	if (!queue_jobs_has(peer->jobs, ask.handle))
		result.flags = MESSAGE_RESULT_GONE;
	else if (store_ticket(placing.role, ask.ticket, TICKET_DELIVER, &ticket, &placing.mailbox) ||
		 (placing.drop = store_ticket(placing.role, ask.ticket, TICKET_DROP, &placing.ticket,
					      &placing.mailbox)))
		place(&placing, ask.handle, &result);
	store_answer(work, &result, -1);
	return true;
}
