/* SPDX-License-Identifier: ISC */
/*
 * Into mailboxes: as many as have come together with one question, so that one copy and few
 * commits of the disk serve them all. It is all or nothing; where it was nothing, who is the cause
 * is taken out, or each is asked for alone.
 */
#include "relay/local_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/message_store.h"
#include "io/packet.h"

struct place_batch {
	struct placing *placing;
	size_t count;
	struct place_one at[];
};

static void ask(struct placing *placing, const struct place_one *at, size_t count);

/* ---- what came of it ---- */

static void decide_all(struct place_batch *batch, enum queue_verdict verdict, const char *status,
		       const char *text)
{
	for (size_t i = 0; i < batch->count; i++)
		placing_decided(batch->placing, batch->at[i].number, verdict, status, text);
}

/* As at RCPT, where the client is told so at once: nobody waits two days for room. */
static void without_full(struct place_batch *batch, size_t full)
{
	struct placing *placing = batch->placing;
	size_t number = batch->at[full].number;

	batch->at[full] = batch->at[--batch->count];
	if (batch->count > 0)
		ask(placing, batch->at, batch->count);
	placing_decided(placing, number, QUEUE_NEVER, "5.2.2", "the mailbox is full");
}

static void one_by_one(const struct place_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		ask(batch->placing, &batch->at[i], 1);
}

static void on_result(struct place_batch *batch, const struct message_result *result)
{
	if (result->outcome == OUTCOME_OK)
		decide_all(batch, QUEUE_OK, "2.0.0", "in the mailbox");
	else if (result->flags & MESSAGE_RESULT_OVER_QUOTA && result->value < batch->count)
		without_full(batch, (size_t)result->value);
	else if (result->flags & MESSAGE_RESULT_FULL)
		decide_all(batch, QUEUE_LATER, "4.3.1", "the disk of the mailboxes is full");
	else if (batch->count > 1 && !(result->flags & MESSAGE_RESULT_GONE))
		one_by_one(batch);
	else
		decide_all(batch, QUEUE_LATER, "4.3.0", "the mailbox could not be written to");
}

static void on_placed(void *context, enum channel_result answer, const struct packet *packet)
{
	struct place_batch *batch = context;
	struct message_result result;

	batch->placing->places--;
	if (answer != CHANNEL_ANSWERED || !message_get_result(packet->body, &result))
		decide_all(batch, QUEUE_LATER, "4.3.0", "the store did not answer");
	else
		on_result(batch, &result);
	free(batch);
}

/* ---- the question ---- */

static void put(struct wire_writer *writer, const struct placing *placing,
		const struct place_batch *batch)
{
	static char places[MESSAGE_PLACES_MAX * (TICKET_SIZE_MAX + 8)];
	struct message_place place = { .handle = placing->job->head.handle,
				       .count = (uint32_t)batch->count };
	struct wire_writer list;

	wire_writer_init(&list, places, sizeof places);
	for (size_t i = 0; i < batch->count; i++)
		message_put_one_place(&list, (uint32_t)batch->at[i].number,
				      span_make(batch->at[i].ticket, batch->at[i].length));
	place.places = span_make(places, list.used);
	message_put_place(writer, &place);
}

static void ask(struct placing *placing, const struct place_one *at, size_t count)
{
	static char memory[MESSAGE_PLACES_MAX * (TICKET_SIZE_MAX + 8) + 64];
	struct place_batch *batch = memory_new(sizeof *batch + count * sizeof *at);
	struct wire_writer writer;

	batch->placing = placing;
	batch->count = count;
	memcpy(batch->at, at, count * sizeof *at);
	if (outgoing_job_stale(placing->job)) {
		decide_all(batch, QUEUE_LATER, "4.3.0", "the store is away");
		free(batch);
		return;
	}
	wire_writer_init(&writer, memory, sizeof memory);
	put(&writer, placing, batch);
	placing->places++;
	/* Without a deadline: a placing that comes to its end unheard would be done twice. */
	channel_ask(placing->relay->store, MESSAGE_PLACE, span_make(memory, writer.used), -1,
		    CHANNEL_FOREVER, on_placed, batch);
}

void place_flush(struct placing *placing)
{
	size_t count = placing->waiting_count;

	placing->waiting_count = 0;
	if (count > 0)
		ask(placing, placing->waiting, count);
}

void place_add(struct placing *placing, size_t number, struct span ticket)
{
	struct place_one *one = &placing->waiting[placing->waiting_count];

	if (ticket.length > sizeof one->ticket) {
		placing_decided(placing, number, QUEUE_LATER, "4.3.0", "no ticket for the mailbox");
		return;
	}
	one->number = number;
	one->length = ticket.length;
	memcpy(one->ticket, ticket.at, ticket.length);
	if (++placing->waiting_count == MESSAGE_PLACES_MAX)
		place_flush(placing);
}
