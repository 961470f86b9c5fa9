/* SPDX-License-Identifier: ISC */
#include "relay/destination.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"
#include "relay/link.h"
#include "relay/numeric.h"
#include "relay/own_address.h"

/* ---- making and freeing ---- */

static void on_lookup(void *context)
{
	destination_pump(context);
}

static void lookup_for(struct destination *destination, const char *domain, bool mx)
{
	const struct next_hop *hop = &destination->hop;
	struct message_hosts ask = { .host = !mx, .port = hop->port };
	bool wanted = destination_tls(destination) != CONF_TLS_OUT_NONE && !hop->lmtp;

	span_copy(span_text(domain), ask.domain, sizeof ask.domain);
	ask.dane = wanted && destination->outbound->dane;
	ask.mta_sts = wanted && mx && destination->outbound->mta_sts;
	lookup_init(&destination->lookups[destination->lookups_count++], destination->relay, &ask,
		    on_lookup, destination);
}

static void find_lookups(struct destination *destination)
{
	const struct next_hop *hop = &destination->hop;
	unsigned char address[16];

	if (hop->direct_first)
		lookup_for(destination, hop->domain, true);
	if (hop->mx)
		lookup_for(destination, hop->host, true);
	else if (!numeric_parse(hop->host, address) || hop->direct_first)
		lookup_for(destination, hop->host, false);
}

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
	TAILQ_INIT(&destination->links);
	TAILQ_INIT(&destination->idle);
	find_lookups(destination);
	return destination;
}

static void destination_free_if_idle(struct destination *destination)
{
	struct relay *relay = destination->relay;
	char *name = destination->name;

	if (destination->depth || destination->leaving || destination->first ||
	    destination->links_count || !TAILQ_EMPTY(&destination->idle))
		return;
	/* What the resolver said is kept while it is good: the next message needs no question. */
	for (unsigned i = 0; i < destination->lookups_count; i++)
		if (!relay->retiring && destination->lookups[i].body &&
		    destination->lookups[i].good_until > clock_ms())
			return;
	for (unsigned i = 0; i < destination->lookups_count; i++)
		lookup_clear(&destination->lookups[i]);
	LIST_REMOVE(destination, all);
	table_drop(relay->destinations, span_text(name));
	free(name);
	free(destination);
}

/* ---- settings ---- */

enum conf_tls_out destination_tls(const struct destination *destination)
{
	const struct conf_remote *remote = destination->hop.remote;

	return remote && remote->tls_given ? remote->tls : destination->outbound->tls;
}

const char *destination_authorities(const struct destination *destination)
{
	const struct conf_remote *remote = destination->hop.remote;

	if (remote && remote->tls_ca && *remote->tls_ca)
		return remote->tls_ca;
	return destination->outbound->tls_ca ? destination->outbound->tls_ca : "";
}

bool destination_is_mx(const struct destination *destination, const struct target *target)
{
	return destination->hop.direct_first ? target->source != DESTINATION_FIXED
					     : destination->hop.mx;
}

const struct conf_login *destination_login(const struct destination *destination,
					   const struct target *target)
{
	const struct conf_remote *remote = destination->hop.remote;
	const struct conf_login *login = &destination->outbound->login;

	if (remote && remote->login.how != CONF_LOGIN_OUT_NONE)
		login = &remote->login;
	else if (remote && (remote->route_mx || (remote->route.host && *remote->route.host)))
		return NULL; /* the server's login is for the smart host */
	else if (destination_is_mx(destination, target))
		return NULL;
	return login->how != CONF_LOGIN_OUT_NONE ? login : NULL;
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

/* ---- hosts ---- */

static void fail_lookup(struct destination *destination, const struct message_hosts_found *found)
{
	char text[sizeof found->text];
	enum hosts_outcome outcome = found->outcome;

	snprintf(text, sizeof text, "%s", found->text);
	if (outcome == HOSTS_NULL_MX)
		destination_fail(destination, QUEUE_NEVER, "5.1.10", text, false);
	else if (outcome == HOSTS_NONE)
		destination_fail(destination, QUEUE_NEVER, "5.1.2", text, false);
	else
		destination_fail(destination, QUEUE_LATER, "4.4.3", text, true);
}

static bool rule_own(void *context, const char *host, const unsigned char address[16],
		     uint16_t port)
{
	const struct relay *relay = context;

	return own_addresses_has(relay->own, address, port) ||
	       own_addresses_named(relay->own, host, port);
}

static bool rule_troubled(void *context, const unsigned char address[16], uint16_t port)
{
	return link_troubled(context, address, port);
}

static size_t target_address(struct destination *destination, struct target *target)
{
	*target = (struct target){ .port = destination->hop.port };
	span_copy(span_text(destination->hop.host), target->host, sizeof target->host);
	numeric_parse(destination->hop.host, target->address);
	if (!own_addresses_has(destination->relay->own, target->address, target->port))
		return 1;
	destination_fail(destination, QUEUE_NEVER, "5.4.6", "the next hop is this server itself",
			 false);
	return 0;
}

/* The smart host behind "direct first" counts whatever the name servers say of the domain, but not
 * when the domain says that it takes no mail. */
static bool goes_on(const struct destination *destination, unsigned number,
		    const struct message_hosts_found *found)
{
	return number + 1 < destination->lookups_count && found->outcome != HOSTS_NULL_MX;
}

size_t destination_targets(struct destination *destination, struct target targets[TARGETS_MAX])
{
	const struct targets_rules rules = { rule_own, rule_troubled, destination->relay };
	size_t count = 0;
	bool loops = false;

	if (destination->lookups_count == 0)
		return target_address(destination, targets);
	for (unsigned i = 0; i < destination->lookups_count; i++) {
		const struct message_hosts_found *found = lookup_find(&destination->lookups[i]);

		if (!found)
			return 0;
		if (found->outcome == HOSTS_FOUND) {
			count = targets_add(targets, count, found, destination->hop.port,
					    (uint8_t)i, &rules, &loops);
		} else if (count == 0 && !goes_on(destination, i, found)) {
			fail_lookup(destination, found);
			return 0;
		}
	}
	if (count == 0 && loops)
		destination_fail(destination, QUEUE_NEVER, "5.4.6",
				 "mail for this domain loops back to this server", false);
	else if (count == 0)
		destination_fail(destination, QUEUE_LATER, "4.4.4",
				 "no host of the domain has an address", true);
	return count;
}

static bool lookups_ready(struct destination *destination)
{
	bool ready = true;

	for (unsigned i = 0; i < destination->lookups_count; i++)
		if (!lookup_find(&destination->lookups[i]))
			ready = false;
	return ready;
}

/* ---- giving them to each other ---- */

static bool may_open(const struct destination *destination)
{
	size_t most = destination->outbound->connections_per_domain;

	return destination->waiting > destination->connecting &&
	       (most == 0 || destination->links_count < most) &&
	       (destination->links_count == 0 || destination->crowded_until <= clock_ms());
}

void destination_pump(struct destination *destination)
{
	struct link *link;

	destination->depth++;
	while (destination->first && (link = TAILQ_FIRST(&destination->idle)) != NULL)
		link_use(link);
	while (may_open(destination) && lookups_ready(destination))
		if (!link_open(destination))
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

void destination_give(struct relay *relay, struct outgoing_job *job)
{
	const struct conf_smtp *server = conf_find_smtp(relay->conf, job->head.server);
	struct destination *destination;
	struct next_hop hop;

	if (!server) { /* the store knows a newer configuration than we do, or an older one */
		outgoing_job_say_rest(job, QUEUE_LATER, "4.3.5",
				      "the virtual server of the message is not configured now");
		relay_job_over(relay, job);
		return;
	}
	next_hop_find(relay->conf, server, &job->envelope.recipients[0], &hop);
	if (hop.kind != NEXT_HOP_SMTP) {
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
			links_cut(destination);
		destination->depth--;
		destination_free_if_idle(destination);
	}
}
