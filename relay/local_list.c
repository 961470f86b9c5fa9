/* SPDX-License-Identifier: ISC */
/* A list: the directory role says what it becomes, in a memory file that goes on to the store as it
 * is. */
#include "relay/local_private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/message_directory.h"
#include "daemon/message_store.h"
#include "io/packet.h"

enum { EXPAND_MS = 900000 /* 100,000 members of a slow directory */ };

struct listing {
	struct placing *placing;
	size_t number;
};

static void over(struct listing *listing, enum queue_verdict verdict, const char *status,
		 const char *text)
{
	struct listing ended = *listing;

	free(listing);
	placing_decided(ended.placing, ended.number, verdict, status, text);
}

static void on_kept(void *context, enum channel_result answer, const struct packet *packet)
{
	struct message_result result;

	if (answer != CHANNEL_ANSWERED || !message_get_result(packet->body, &result))
		over(context, QUEUE_LATER, "4.3.0", "the store did not answer");
	else if (result.outcome == OUTCOME_OK)
		over(context, QUEUE_OK, "2.0.0", "became others");
	else if (result.outcome == OUTCOME_PERM)
		over(context, QUEUE_NEVER, "5.2.4", "the list has too many members");
	else
		over(context, QUEUE_LATER, result.flags & MESSAGE_RESULT_FULL ? "4.3.1" : "4.3.0",
		     "the members could not be written down");
}

static void hand_over(struct listing *listing, int fd)
{
	struct placing *placing = listing->placing;
	struct message_list list = { .handle = placing->job->head.handle,
				     .recipient = (uint32_t)listing->number };
	struct wire_writer writer;
	char memory[32];

	if (outgoing_job_stale(placing->job)) {
		over(listing, QUEUE_LATER, "4.3.0", "the store is away");
		return;
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_list(&writer, &list);
	/* Without a deadline, as for a mailbox. */
	channel_ask(placing->relay->store, MESSAGE_EXPANDED, span_make(memory, writer.used), fd,
		    CHANNEL_FOREVER, on_kept, listing);
}

static void on_expanded(void *context, enum channel_result answer, const struct packet *packet)
{
	struct listing *listing = context;
	struct message_expanded expanded;
	int fd = answer == CHANNEL_ANSWERED ? packet->fd : -1;

	if (answer != CHANNEL_ANSWERED || !message_get_expanded(packet->body, &expanded))
		over(listing, QUEUE_LATER, "4.3.0", "the directory role did not answer");
	else if (expanded.outcome == OUTCOME_OK && fd >= 0)
		hand_over(listing, fd);
	else if (expanded.outcome == OUTCOME_PERM)
		over(listing, QUEUE_NEVER, expanded.status, expanded.text);
	else
		over(listing, QUEUE_LATER, expanded.status[0] == '4' ? expanded.status : "4.3.0",
		     expanded.text[0] ? expanded.text : "the list could not be handed over");
	if (fd >= 0)
		close(fd);
}

void list_expand(struct placing *placing, size_t number)
{
	const struct outgoing_job *job = placing->job;
	struct message_expand expand = { .address = job->envelope.recipients[number].address,
					 .sender = job->envelope.sender,
					 .size = job->head.size,
					 .trusted = placing_trusted(placing) };
	struct listing *listing = memory_new(sizeof *listing);
	struct wire_writer writer;
	char memory[2048];

	*listing = (struct listing){ placing, number };
	if (!placing->relay->directory) {
		over(listing, QUEUE_LATER, "4.3.0", "the directory role is away");
		return;
	}
	if (!expand.trusted)
		memcpy(expand.identity, job->envelope.identity, sizeof expand.identity);
	memcpy(expand.id, job->head.id, sizeof job->head.id);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_expand(&writer, &expand);
	channel_ask(placing->relay->directory, MESSAGE_EXPAND, span_make(memory, writer.used), -1,
		    EXPAND_MS, on_expanded, listing);
}
