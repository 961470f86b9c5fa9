/* SPDX-License-Identifier: ISC */
/* A link on its way over the addresses of its destination. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"
#include "relay/link.h"
#include "relay/tls_reports.h"

enum {
	CONNECT_SECONDS = 30,
	CROWDED_MS = 10000, /* hosts that take no further connection are not asked for one */
	TROUBLED_MS = 60000 /* an address that failed is tried last */
};

/* ---- addresses that failed lately ---- */

static struct span troubled_key(char key[18], const unsigned char address[16], uint16_t port)
{
	memcpy(key, address, 16);
	memcpy(key + 16, &port, 2);
	return span_make(key, 18);
}

bool link_troubled(struct relay *relay, const unsigned char address[16], uint16_t port)
{
	char key[18];

	return table_find(relay->troubled, troubled_key(key, address, port), clock_ms()) != NULL;
}

void link_note_trouble(struct link *link, bool troubled)
{
	const struct target *target = &link->targets[link->next - 1];
	struct relay *relay = link->destination->relay;
	char key[18];
	struct span name = troubled_key(key, target->address, target->port);

	if (troubled)
		table_put(relay->troubled, name, memory_new(1), clock_ms() + TROUBLED_MS);
	else if (table_count(relay->troubled))
		table_drop(relay->troubled, name);
}

/* ---- an address ---- */

/* What the resolver says of the target's host; NULL: it is an address, or is not there any more. */
static const struct hosts_host *target_host(struct link *link, const struct target *target,
					    const struct message_hosts_found **found)
{
	struct destination *destination = link->destination;

	*found = NULL;
	if (target->source >= destination->lookups_count)
		return NULL;
	*found = lookup_find(&destination->lookups[target->source]);
	for (uint32_t i = 0; *found && i < (*found)->count; i++)
		if (strcmp((*found)->hosts[i].name, target->host) == 0)
			return &(*found)->hosts[i];
	return NULL;
}

/* TLSA records lie in memory that the next lookup uses again. */
static void keep_records(struct link *link, const struct hosts_host *host)
{
	size_t length = 0;
	char *to;

	for (uint32_t i = 0; i < host->tlsa_count; i++)
		length += host->tlsa[i].data.length;
	to = link->record_memory = memory_new(length + 1);
	for (uint32_t i = 0; i < host->tlsa_count; i++) {
		const struct hosts_tlsa *tlsa = &host->tlsa[i];

		memcpy(to, tlsa->data.at, tlsa->data.length);
		link->records[i] = (struct tls_record){ tlsa->usage, tlsa->selector, tlsa->matching,
							span_make(to, tlsa->data.length) };
		to += tlsa->data.length;
	}
	link->way.wish.records = link->records;
	link->way.wish.records_count = host->tlsa_count;
}

static void make_wish(struct link *link, const struct hosts_host *host)
{
	unsigned char address[16];

	/* RFC 7672 section 3.2.2: the TLSA base domain is the name, in SNI as well. */
	if (link->policy.demand == TLS_DANE && host && host->base[0])
		span_copy(span_text(host->base), link->host, sizeof link->host);
	link->names[0] = link->host;
	link->names[1] = NULL;
	link->way.wish = (struct tls_wish){ .demand = link->policy.demand, .names = link->names };
	if (!numeric_parse(link->host, address))
		link->way.wish.sni = link->host;
	if (link->policy.demand == TLS_DANE && host)
		keep_records(link, host);
}

static void make_way(struct link *link, const struct target *target)
{
	struct destination *destination = link->destination;
	const struct conf_outbound *outbound = destination->outbound;
	const struct conf_remote *remote = destination->hop.remote;
	const struct conf_login *login = destination_login(destination, target);
	struct relay *relay = destination->relay;

	link->way = (struct outgoing_way){
		.base = relay->base,
		.profile = {
			.name = outbound->fqdn && *outbound->fqdn ? outbound->fqdn
								   : destination->server->fqdn,
			.lmtp = destination->hop.lmtp,
			.helo = remote && remote->helo,
			.tls = target->plain ? SMTP_CLIENT_TLS_NEVER : link->policy.tls,
			.login = login != NULL,
		},
		.host = link->host,
		.patience = outbound->idle_timeout,
		.tls = relay_tls(relay, destination_authorities(destination)),
		.remote = login && remote && login == &remote->login ? remote->name : "",
		.server = destination->server->name,
		.directory = &relay->directory,
		.exchanges = &relay->exchanges,
	};
	span_copy(span_text(target->host), link->host, sizeof link->host);
	numeric_text(target->address, link->address);
	if (!link->way.tls && link->way.profile.tls == SMTP_CLIENT_TLS_MAY)
		link->way.profile.tls = SMTP_CLIENT_TLS_NEVER;
}

void link_failed(struct link *link, const char *status, const char *why, bool never)
{
	char reply[sizeof link->failure.text];

	if (link->host[0] && strcmp(link->host, link->address) != 0)
		snprintf(reply, sizeof reply, "%s[%s]: %s", link->host, link->address, why);
	else
		snprintf(reply, sizeof reply, "[%s]: %s", link->address, why);
	snprintf(link->failure.text, sizeof link->failure.text, "%s", reply);
	snprintf(link->failure.status, sizeof link->failure.status, "%s", status);
	snprintf(link->failed_host, sizeof link->failed_host, "%s", link->host);
	link->all_never = link->all_never && never;
	log_debug("relay.host_failed", LOG_TEXT("hop", link->destination->name),
		  LOG_TEXT("status", status), LOG_TEXT("why", reply));
}

/* May the address be used? */
static bool judge(struct link *link, const struct target *target)
{
	struct destination *destination = link->destination;
	const struct message_hosts_found *found;
	const struct hosts_host *host = target_host(link, target, &found);
	const struct tls_policy_ask ask = {
		.tls = destination_tls(destination),
		.dane = destination->outbound->dane,
		.mta_sts = destination->outbound->mta_sts,
		.requiretls = destination->requiretls,
		.mx = destination_is_mx(destination, target),
		.found = found,
		.host = host,
	};

	tls_policy_decide(&ask, &link->policy);
	make_way(link, target);
	make_wish(link, host);
	if (link->policy.usable && link->policy.tls == SMTP_CLIENT_TLS_MUST && !link->way.tls) {
		link_failed(link, "4.7.5", "the file of authorities could not be loaded", false);
		return false;
	}
	if (link->policy.usable)
		return true;
	tls_reports_count(destination->relay->reports, destination->hop.domain, &link->policy,
			  link->policy.failure);
	link_failed(link, link->policy.status, link->policy.why, link->policy.never);
	return false;
}

/* ---- the walk ---- */

/* Nobody is left. What waits has waited for us alone, or else others will send it. */
static void give_up(struct link *link)
{
	struct destination *destination = link->destination;
	enum queue_verdict verdict = link->all_never ? QUEUE_NEVER : QUEUE_LATER;
	struct smtp_client_reply failure = link->failure;

	destination->depth++;
	link_become(link, LINK_LEAVING);
	if (destination->links_count > 0) {
		destination->crowded_until = clock_ms() + CROWDED_MS;
	} else {
		if (verdict == QUEUE_LATER && failure.status[0] == '5')
			failure.status[0] = '4';
		destination_fail(destination, verdict, failure.status, failure.text, true);
	}
	destination->depth--;
	link_free(link);
}

static bool try_target(struct link *link, const struct target *target)
{
	if (!judge(link, target))
		return false;
	link->session = outgoing_session_connect(&link->way, target->address, target->port,
						 CONNECT_SECONDS, &link_calls, link);
	if (link->session)
		return true;
	link_failed(link, "4.4.1", strerror(errno), false);
	return false;
}

static void link_next(struct link *link)
{
	while (link->next < link->targets_count) {
		const struct target *target = &link->targets[link->next++];

		if (try_target(link, target))
			return;
		link_drop_session(link);
	}
	give_up(link);
}

bool link_open(struct destination *destination)
{
	struct target targets[TARGETS_MAX];
	size_t count = destination_targets(destination, targets);
	struct link *link;

	if (count == 0)
		return false;
	link = link_new(destination);
	memcpy(link->targets, targets, sizeof targets);
	link->targets_count = count;
	link_next(link);
	return true;
}

void link_go_on(struct link *link, bool from_start)
{
	if (link->state != LINK_CONNECTING)
		link_become(link, LINK_CONNECTING);
	link_drop_session(link);
	if (from_start)
		link->next = 0;
	link_next(link);
}
