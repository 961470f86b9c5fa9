/* SPDX-License-Identifier: ISC */
#include "relay/local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/message_store.h"
#include "daemon/route_cache.h"
#include "io/packet.h"
#include "relay/local_private.h"

/* Of one job at a time: questions to the directory role; to the store, where new mail has to get
 * in. */
enum { ASK_MS = 60000, ROUTES_MAX = 64, PLACES_MAX = 4 };

struct routing_one { /* a recipient whose route is asked for */
	struct placing *placing;
	size_t number;
};

static void pump(struct placing *placing);

void placing_decided(struct placing *placing, size_t number, enum queue_verdict verdict,
		     const char *status, const char *text)
{
	outgoing_job_say(placing->job, number, verdict, status, text);
	placing->open--;
	pump(placing);
}

/* ---- which mailbox ---- */

static void by_route(struct placing *placing, size_t number, const struct route_answer *route)
{
	if (route->kind == ROUTE_MAILBOX && route->outcome == OUTCOME_OK)
		place_add(placing, number, span_make(route->ticket, route->ticket_length));
	else if (route->kind == ROUTE_LIST && route->outcome == OUTCOME_OK)
		list_expand(placing, number);
	else if (route->kind == ROUTE_REMOTE && route_answer_via(route)[0])
		placing_decided(placing, number, QUEUE_MOVED, "2.1.5", route_answer_via(route));
	else if (route->kind == ROUTE_REMOTE && route->outcome == OUTCOME_OK)
		placing_decided(placing, number, QUEUE_LATER, "4.3.5",
				"the address has moved to another server since it was accepted");
	else if (route->outcome == OUTCOME_PERM)
		placing_decided(placing, number, QUEUE_NEVER, route->status, route->text);
	else
		placing_decided(placing, number, QUEUE_LATER,
				route->status[0] == '4' ? route->status : "4.3.0",
				route->text[0] ? route->text : "the directory did not answer");
}

static void on_route(void *context, enum channel_result result, const struct packet *packet)
{
	struct routing_one one = *(struct routing_one *)context;
	const struct envelope_recipient *recipient =
		&one.placing->job->envelope.recipients[one.number];
	struct message_route route;
	struct route_answer *answer;

	free(context);
	one.placing->routes--;
	if (result != CHANNEL_ANSWERED || !message_get_route(packet->body, &route)) {
		placing_decided(one.placing, one.number, QUEUE_LATER, "4.3.0",
				"the directory role did not answer");
		return;
	}
	/* A member's answer is another than that for a sender's recipient. */
	if (!recipient->member && !route.by_sender)
		route_cache_put(one.placing->relay->routes, &recipient->address, &route);
	answer = route_answer_new(&route);
	one.placing->open++; /* so that it outlives what is decided at once */
	by_route(one.placing, one.number, answer);
	one.placing->open--;
	free(answer);
	pump(one.placing);
}

static void ask_directory(struct placing *placing, size_t number)
{
	const struct outgoing_job *job = placing->job;
	const struct envelope_recipient *recipient = &job->envelope.recipients[number];
	struct message_resolve resolve = { .address = recipient->address,
					   .sender = job->envelope.sender,
					   .size = job->head.size,
					   .trusted = placing_trusted(placing),
					   .own = recipient->member };
	struct routing_one *one = memory_new(sizeof *one);
	char memory[2048];
	struct wire_writer writer;

	*one = (struct routing_one){ placing, number };
	snprintf(resolve.session, sizeof resolve.session, "%.*s", SESSION_SIZE - 1, job->head.id);
	if (!resolve.trusted)
		memcpy(resolve.identity, job->envelope.identity, sizeof resolve.identity);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_resolve(&writer, &resolve);
	placing->routes++;
	channel_ask(placing->relay->directory, MESSAGE_RESOLVE, span_make(memory, writer.used), -1,
		    ASK_MS, on_route, one);
}

static void begin_one(struct placing *placing, size_t number)
{
	const struct envelope_recipient *recipient = &placing->job->envelope.recipients[number];
	const struct route_answer *known =
		recipient->member ? NULL
				  : route_cache_find(placing->relay->routes, &recipient->address);

	placing->open++;
	/* Too large for him: the directory role has the words, and knows from whom he takes it. */
	if (known && placing->job->head.size <= known->size)
		by_route(placing, number, known);
	else if (placing->relay->directory)
		ask_directory(placing, number);
	else
		placing_decided(placing, number, QUEUE_LATER, "4.3.0",
				"the directory role is away");
}

bool placing_trusted(const struct placing *placing)
{
	return placing->job->envelope.identity[0] == MESSAGE_IDENTITY_OURS;
}

/* What is known at once takes no depth of the stack. */
static void pump(struct placing *placing)
{
	const struct outgoing_job *job = placing->job;

	if (placing->inside)
		return;
	placing->inside = true;
	while (placing->next < job->envelope.count && placing->routes < ROUTES_MAX &&
	       placing->places < PLACES_MAX)
		begin_one(placing, placing->next++);
	if (placing->routes == 0)
		place_flush(placing);
	placing->inside = false;
	if (placing->open > 0 || placing->next < job->envelope.count)
		return;
	relay_job_over(placing->relay, placing->job);
	free(placing);
}

void local_place(struct relay *relay, struct outgoing_job *job)
{
	struct placing *placing = memory_new(sizeof *placing);

	placing->relay = relay;
	placing->job = job;
	pump(placing);
}
