/* SPDX-License-Identifier: ISC */
#include "relay/local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/message_store.h"
#include "daemon/route_cache.h"
#include "io/packet.h"

enum { ASK_MS = 60000 };

struct placing { /* one job on its way through its recipients */
	struct relay *relay;
	struct outgoing_job *job;
	size_t at;
	bool inside, asked; /* place_on is at work; an answer is awaited */
};

static void place_on(struct placing *placing);

static void decided(struct placing *placing, enum queue_verdict verdict, const char *status,
		    const char *text)
{
	outgoing_job_say(placing->job, placing->at++, verdict, status, text);
	placing->asked = false;
	place_on(placing);
}

/* ---- into the mailbox ---- */

static void on_placed(void *context, enum channel_result answer, const struct packet *packet)
{
	struct placing *placing = context;
	struct message_result result;

	if (answer != CHANNEL_ANSWERED || !message_get_result(packet->body, &result))
		decided(placing, QUEUE_LATER, "4.3.0", "the store did not answer");
	else if (result.outcome == OUTCOME_OK)
		decided(placing, QUEUE_OK, "2.0.0", "in the mailbox");
	else if (result.flags & MESSAGE_RESULT_OVER_QUOTA)
		/* As at RCPT, where the client is told so at once: nobody waits two days for room.
		 */
		decided(placing, QUEUE_NEVER, "5.2.2", "the mailbox is full");
	else if (result.flags & MESSAGE_RESULT_FULL)
		decided(placing, QUEUE_LATER, "4.3.1", "the disk of the mailboxes is full");
	else
		decided(placing, QUEUE_LATER, "4.3.0", "the mailbox could not be written to");
}

static void ask_place(struct placing *placing, struct span ticket)
{
	struct message_place place = { .handle = placing->job->head.handle, .ticket = ticket };
	char memory[2048];
	struct wire_writer writer;

	if (outgoing_job_stale(placing->job)) {
		decided(placing, QUEUE_LATER, "4.3.0", "the store is away");
		return;
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_place(&writer, &place);
	placing->asked = true;
	/* Without a deadline: a placing that comes to its end unheard would be done twice. */
	channel_ask(placing->relay->store, MESSAGE_PLACE, span_make(memory, writer.used), -1,
		    CHANNEL_FOREVER, on_placed, placing);
}

/* ---- which mailbox ---- */

static void by_route(struct placing *placing, const struct route_answer *route)
{
	if (route->kind == ROUTE_MAILBOX && route->outcome == OUTCOME_OK)
		ask_place(placing, span_make(route->ticket, route->ticket_length));
	else if (route->kind == ROUTE_REMOTE && route_answer_via(route)[0])
		decided(placing, QUEUE_MOVED, "2.1.5", route_answer_via(route));
	else if (route->kind == ROUTE_REMOTE && route->outcome == OUTCOME_OK)
		decided(placing, QUEUE_LATER, "4.3.5",
			"the address has moved to another server since it was accepted");
	else if (route->outcome == OUTCOME_PERM)
		decided(placing, QUEUE_NEVER, route->status, route->text);
	else
		decided(placing, QUEUE_LATER, route->status[0] == '4' ? route->status : "4.3.0",
			route->text[0] ? route->text : "the directory did not answer");
}

static void on_route(void *context, enum channel_result result, const struct packet *packet)
{
	struct placing *placing = context;
	const struct address *address = &placing->job->envelope.recipients[placing->at].address;
	struct message_route route;
	struct route_answer *answer;

	if (result != CHANNEL_ANSWERED || !message_get_route(packet->body, &route)) {
		decided(placing, QUEUE_LATER, "4.3.0", "the directory role did not answer");
		return;
	}
	route_cache_put(placing->relay->routes, address, &route);
	answer = route_answer_new(&route);
	placing->asked = false;
	by_route(placing, answer);
	free(answer);
}

static void ask_route(struct placing *placing)
{
	const struct address *address = &placing->job->envelope.recipients[placing->at].address;
	const struct route_answer *known = route_cache_find(placing->relay->routes, address);
	struct message_resolve resolve = { .address = *address };
	char memory[1024];
	struct wire_writer writer;

	if (known) {
		by_route(placing, known);
		return;
	}
	if (!placing->relay->directory) {
		decided(placing, QUEUE_LATER, "4.3.0", "the directory role is away");
		return;
	}
	snprintf(resolve.session, sizeof resolve.session, "%.*s", SESSION_SIZE - 1,
		 placing->job->head.id);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_resolve(&writer, &resolve);
	placing->asked = true;
	channel_ask(placing->relay->directory, MESSAGE_RESOLVE, span_make(memory, writer.used), -1,
		    ASK_MS, on_route, placing);
}

/* One recipient after the other; those that are known at once take no depth of the stack. */
static void place_on(struct placing *placing)
{
	if (placing->inside)
		return;
	placing->inside = true;
	while (!placing->asked && placing->at < placing->job->envelope.count)
		ask_route(placing);
	placing->inside = false;
	if (placing->asked)
		return;
	relay_job_over(placing->relay, placing->job);
	free(placing);
}

void local_place(struct relay *relay, struct outgoing_job *job)
{
	struct placing *placing = memory_new(sizeof *placing);

	placing->relay = relay;
	placing->job = job;
	place_on(placing);
}
