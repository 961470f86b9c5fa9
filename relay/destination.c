/* SPDX-License-Identifier: ISC */
#include "relay/destination.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"
#include "relay/courier.h"

enum { KEPT_MAX = 5000 }; /* destinations that have nothing to do */

/* ---- making and freeing ---- */

static struct destination *destination_new(struct relay *relay, const struct conf_smtp *server,
					   const struct next_hop *hop, bool requiretls)
{
	struct destination *destination = memory_new(sizeof *destination);

	destination->relay = relay;
	destination->server = server;
	destination->outbound = &server->outbound;
	destination->hop = *hop;
	if (destination->hop.port == 0)
		destination->hop.port = server->outbound.port;
	destination->requiretls = requiretls;
	destination->last = &destination->first;
	TAILQ_INIT(&destination->couriers);
	TAILQ_INIT(&destination->idle);
	destination_find_hosts(destination);
	return destination;
}

/* What the resolver said is kept while it is good: the next message needs no question. Of very many
 * destinations the resolver's own memory has to do. */
static bool is_worth_keeping(const struct destination *destination)
{
	const struct relay *relay = destination->relay;
	int64_t now = clock_ms();

	if (relay->retiring || table_count(relay->destinations) > KEPT_MAX)
		return false;
	for (unsigned i = 0; i < destination->lookups_count; i++)
		if (destination->lookups[i].body && destination->lookups[i].good_until > now)
			return true;
	return false;
}

static void destination_free_if_idle(struct destination *destination)
{
	struct relay *relay = destination->relay;
	char *name = destination->name;

	if (destination->depth || destination->leaving || destination->first ||
	    destination->couriers_count || !TAILQ_EMPTY(&destination->idle))
		return;
	if (is_worth_keeping(destination))
		return;
	for (unsigned i = 0; i < destination->lookups_count; i++)
		lookup_clear(&destination->lookups[i]);
	LIST_REMOVE(destination, all);
	table_drop(relay->destinations, span_text(name));
	free(name);
	free(destination);
}

/* ---- jobs ---- */

static void push(struct destination *destination, struct outgoing_job *job)
{
	job->holder = destination->relay;
	job->next = NULL;
	*destination->last = job;
	destination->last = &job->next;
	destination->waiting++;
}

struct outgoing_job *destination_next(struct destination *destination)
{
	struct outgoing_job *job = destination->first;

	if (!job)
		return NULL;
	destination->first = job->next;
	if (!destination->first)
		destination->last = &destination->first;
	destination->waiting--;
	job->next = NULL;
	return job;
}

void destination_return(struct destination *destination, struct outgoing_job *job)
{
	job->next = destination->first;
	if (!destination->first)
		destination->last = &job->next;
	destination->first = job;
	destination->waiting++;
}

void destination_fail(struct destination *destination, enum queue_verdict verdict,
		      const char *status, const char *text, bool dead)
{
	size_t count = destination->waiting; /* those that come while we tell wait for the next */
	struct outgoing_job *job;

	destination->depth++;
	while (count-- > 0 && (job = destination_next(destination)) != NULL) {
		job->dead = dead && verdict == QUEUE_LATER;
		outgoing_job_say_rest(job, verdict, status, text);
		relay_job_over(destination->relay, job);
	}
	destination->depth--;
}

/* ---- giving them to each other ---- */

static bool may_open(const struct destination *destination)
{
	size_t most = destination->outbound->connections_per_domain;

	return destination->waiting > destination->connecting &&
	       (most == 0 || destination->couriers_count < most) &&
	       (destination->couriers_count == 0 || destination->crowded_until <= clock_ms());
}

void destination_pump(struct destination *destination)
{
	struct courier *courier;

	destination->depth++;
	while (destination->first && (courier = TAILQ_FIRST(&destination->idle)) != NULL)
		courier_use(courier);
	while (may_open(destination) && destination_hosts_known(destination))
		if (!courier_open(destination))
			break;
	destination->depth--;
	destination_free_if_idle(destination);
}

static struct destination *destination_of(struct relay *relay, const struct conf_smtp *server,
					  const struct next_hop *hop, bool requiretls)
{
	char key[QUEUE_KEY_SIZE], name[QUEUE_KEY_SIZE + 128];
	struct destination *destination;

	next_hop_key(hop, key, sizeof key);
	snprintf(name, sizeof name, "%s %s %s", key, server->name, requiretls ? "tls" : "");
	destination = table_find(relay->destinations, span_text(name), 0);
	if (destination)
		return destination;
	destination = destination_new(relay, server, hop, requiretls);
	destination->name = memory_text(name);
	LIST_INSERT_HEAD(&relay->all, destination, all);
	table_put(relay->destinations, span_text(name), destination, INT64_MAX);
	return destination;
}

/*
 * Mail of a server that is gone goes the way of the first, as the store has decided (rules_server);
 * NULL: the store knows another configuration than we do.
 */
static const struct conf_smtp *server_of(const struct relay *relay, const struct outgoing_job *job,
					 struct next_hop *hop)
{
	const struct conf_smtp *server = conf_find_smtp(relay->conf, job->head.server);
	bool gone = !server;
	char key[QUEUE_KEY_SIZE];

	if (gone && relay->conf->smtps_count > 0)
		server = &relay->conf->smtps[0];
	if (!server)
		return NULL;
	next_hop_find(relay->conf, server, &job->envelope.recipients[0], hop);
	next_hop_key(hop, key, sizeof key);
	return gone && strcmp(key, job->head.key) != 0 ? NULL : server;
}

/* While the rules change the store may put together what goes different ways by ours. */
static bool go_together(const struct relay *relay, const struct conf_smtp *server,
			const struct outgoing_job *job)
{
	char first[QUEUE_KEY_SIZE], key[QUEUE_KEY_SIZE];
	struct next_hop hop;

	for (size_t i = 0; i < job->envelope.count; i++) {
		next_hop_find(relay->conf, server, &job->envelope.recipients[i], &hop);
		next_hop_key(&hop, i == 0 ? first : key, QUEUE_KEY_SIZE);
		if (i > 0 && strcmp(key, first) != 0)
			return false;
	}
	return true;
}

void destination_give(struct relay *relay, struct outgoing_job *job)
{
	struct next_hop hop;
	const struct conf_smtp *server = server_of(relay, job, &hop);
	struct destination *destination;

	if (!server) {
		outgoing_job_say_rest(job, QUEUE_LATER, "4.3.5",
				      "the virtual server of the message is not configured now");
		relay_job_over(relay, job);
		return;
	}
	/* It was asked for (ETRN), so it goes the way that all mail of the domain would. */
	if (hop.kind == NEXT_HOP_TRIGGER && job->head.kind == QUEUE_HOP_TRIGGER)
		hop.kind = NEXT_HOP_SMTP;
	if (hop.kind != NEXT_HOP_SMTP || !go_together(relay, server, job)) {
		outgoing_job_say_rest(job, QUEUE_LATER, "4.3.5",
				      "the route of the domain is changing");
		relay_job_over(relay, job);
		return;
	}
	destination = destination_of(relay, server, &hop, job->envelope.requiretls);
	push(destination, job);
	destination_pump(destination);
}

void destinations_tick(struct relay *relay)
{
	struct destination *destination, *next;

	for (destination = LIST_FIRST(&relay->all); destination; destination = next) {
		next = LIST_NEXT(destination, all);
		destination_pump(destination);
	}
}

void destinations_drop_jobs(struct relay *relay, bool cut)
{
	struct destination *destination, *next;
	struct outgoing_job *job;

	for (destination = LIST_FIRST(&relay->all); destination; destination = next) {
		next = LIST_NEXT(destination, all);
		destination->depth++;
		while ((job = destination_next(destination)) != NULL)
			relay_job_over(relay, job);
		if (cut)
			couriers_cut(destination);
		destination->depth--;
		destination_free_if_idle(destination);
	}
}
