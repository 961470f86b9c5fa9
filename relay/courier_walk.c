/* SPDX-License-Identifier: ISC */
/* A courier on its way over the addresses of its destination. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"
#include "relay/courier.h"
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

bool courier_troubled(struct relay *relay, const unsigned char address[16], uint16_t port)
{
	char key[18];

	return table_find(relay->troubled, troubled_key(key, address, port), clock_ms()) != NULL;
}

void courier_note_trouble(struct courier *courier, bool troubled)
{
	const struct target *target = &courier->targets[courier->next - 1];
	struct relay *relay = courier->destination->relay;
	char key[18];
	struct span name = troubled_key(key, target->address, target->port);

	if (troubled)
		table_put(relay->troubled, name, memory_new(1), clock_ms() + TROUBLED_MS);
	else if (table_count(relay->troubled))
		table_drop(relay->troubled, name);
}

/* ---- an address ---- */

/*
 * What the resolver says of the target's host; NULL: it is an address, or is not there any more.
 * A walk takes longer than some answers are good for: what the last one demands still holds.
 */
static const struct hosts_host *target_host(struct courier *courier, const struct target *target,
					    const struct message_hosts_found **found)
{
	struct destination *destination = courier->destination;

	*found = NULL;
	if (target->source >= destination->lookups_count)
		return NULL;
	*found = lookup_kept(&destination->lookups[target->source]);
	for (uint32_t i = 0; *found && i < (*found)->count; i++)
		if (strcmp((*found)->hosts[i].name, target->host) == 0)
			return &(*found)->hosts[i];
	return NULL;
}

/* TLSA records lie in memory that the next lookup uses again. */
static void keep_records(struct courier *courier, const struct hosts_host *host)
{
	size_t length = 0;
	char *to;

	for (uint32_t i = 0; i < host->tlsa_count; i++)
		length += host->tlsa[i].data.length;
	to = courier->record_memory = memory_new(length + 1);
	for (uint32_t i = 0; i < host->tlsa_count; i++) {
		const struct hosts_tlsa *tlsa = &host->tlsa[i];

		memcpy(to, tlsa->data.at, tlsa->data.length);
		courier->records[i] =
			(struct tls_record){ tlsa->usage, tlsa->selector, tlsa->matching,
					     span_make(to, tlsa->data.length) };
		to += tlsa->data.length;
	}
	courier->way.wish.records = courier->records;
	courier->way.wish.records_count = host->tlsa_count;
}

static void make_wish(struct courier *courier, const struct hosts_host *host)
{
	unsigned char address[16];

	/* RFC 7672 section 3.2.2: the TLSA base domain is the name, in SNI as well. */
	if (courier->policy.demand == TLS_DANE && host && host->base[0])
		span_copy(span_text(host->base), courier->host, sizeof courier->host);
	courier->names[0] = courier->host;
	courier->names[1] = NULL;
	courier->way.wish =
		(struct tls_wish){ .demand = courier->policy.demand, .names = courier->names };
	if (!numeric_parse(courier->host, address))
		courier->way.wish.sni = courier->host;
	if (courier->policy.demand == TLS_DANE && host)
		keep_records(courier, host);
}

static void make_way(struct courier *courier, const struct target *target)
{
	struct destination *destination = courier->destination;
	const struct conf_outbound *outbound = destination->outbound;
	const struct conf_remote *remote = destination->hop.remote;
	const struct conf_login *login = destination_login(destination, target);
	struct relay *relay = destination->relay;

	courier->way = (struct outgoing_way){
		.base = relay->base,
		.profile = {
			.name = outbound->fqdn && *outbound->fqdn ? outbound->fqdn
								   : destination->server->fqdn,
			.lmtp = destination->hop.lmtp && !destination_is_direct(destination, target),
			.helo = remote && remote->helo,
			.tls = target->plain && courier->policy.tls == SMTP_CLIENT_TLS_MAY
				       ? SMTP_CLIENT_TLS_NEVER
				       : courier->policy.tls,
			.login = login != NULL,
		},
		.host = courier->host,
		.patience = outbound->idle_timeout,
		.tls = relay_tls(relay, destination_authorities(destination)),
		.remote = login && remote && login == &remote->login ? remote->name : "",
		.server = destination->server->name,
		.directory = &relay->directory,
		.exchanges = &relay->exchanges,
	};
	span_copy(span_text(target->host), courier->host, sizeof courier->host);
	numeric_text(target->address, courier->address);
	if (!courier->way.tls && courier->way.profile.tls == SMTP_CLIENT_TLS_MAY)
		courier->way.profile.tls = SMTP_CLIENT_TLS_NEVER;
}

void courier_failed(struct courier *courier, const char *status, const char *why, bool never)
{
	char reply[sizeof courier->failure.text];

	if (courier->host[0] && strcmp(courier->host, courier->address) != 0)
		snprintf(reply, sizeof reply, "%s[%s]: %s", courier->host, courier->address, why);
	else
		snprintf(reply, sizeof reply, "[%s]: %s", courier->address, why);
	snprintf(courier->failure.text, sizeof courier->failure.text, "%s", reply);
	snprintf(courier->failure.status, sizeof courier->failure.status, "%s", status);
	snprintf(courier->failed_host, sizeof courier->failed_host, "%s", courier->host);
	courier->all_never = courier->all_never && never;
	log_debug("relay.host_failed", LOG_TEXT("hop", courier->destination->name),
		  LOG_TEXT("status", status), LOG_TEXT("why", reply));
}

void courier_count_tls(struct courier *courier, const char *failure)
{
	const struct destination *destination = courier->destination;
	bool direct = destination_is_direct(destination, &courier->targets[courier->next - 1]);

	tls_reports_count(destination->relay->reports,
			  direct ? destination->hop.domain : destination->hop.host,
			  &courier->policy, failure);
}

/* May the address be used? */
static bool judge(struct courier *courier, const struct target *target)
{
	struct destination *destination = courier->destination;
	const struct message_hosts_found *found;
	const struct hosts_host *host = target_host(courier, target, &found);
	const struct tls_policy_ask ask = {
		.tls = destination_tls(destination),
		.dane = destination->outbound->dane,
		.mta_sts = destination->outbound->mta_sts,
		.requiretls = destination->requiretls,
		.mx = destination_is_mx(destination, target),
		.found = found,
		.host = host,
	};

	tls_policy_decide(&ask, &courier->policy);
	make_way(courier, target);
	make_wish(courier, host);
	/* What TLS it must have cannot be known: never less than the domain asks for. */
	if (!host && target->source < destination->lookups_count) {
		courier_failed(courier, "4.4.3", "the name servers do not name this host now",
			       false);
		return false;
	}
	if (courier->policy.usable && courier->policy.tls == SMTP_CLIENT_TLS_MUST &&
	    !courier->way.tls) {
		courier_failed(courier, "4.7.5", "the file of authorities could not be loaded",
			       false);
		return false;
	}
	if (courier->policy.usable)
		return true;
	courier_count_tls(courier, courier->policy.failure);
	courier_failed(courier, courier->policy.status, courier->policy.why, courier->policy.never);
	return false;
}

/* ---- the walk ---- */

/* Nobody is left. What waits has waited for us alone, or else others will send it. */
static void give_up(struct courier *courier)
{
	struct destination *destination = courier->destination;
	enum queue_verdict verdict = courier->all_never ? QUEUE_NEVER : QUEUE_LATER;
	struct smtp_client_reply failure = courier->failure;

	destination->depth++;
	courier_become(courier, COURIER_LEAVING);
	if (destination->couriers_count > 0) {
		destination->crowded_until = clock_ms() + CROWDED_MS;
	} else {
		if (verdict == QUEUE_LATER && failure.status[0] == '5')
			failure.status[0] = '4';
		destination_fail(destination, verdict, failure.status, failure.text, true);
	}
	destination->depth--;
	courier_free(courier);
}

static bool try_target(struct courier *courier, const struct target *target)
{
	if (!judge(courier, target))
		return false;
	courier->session = outgoing_session_connect(&courier->way, target->address, target->port,
						    CONNECT_SECONDS, &courier_calls, courier);
	if (courier->session)
		return true;
	courier_failed(courier, "4.4.1", strerror(errno), false);
	return false;
}

static void courier_next(struct courier *courier)
{
	while (courier->next < courier->targets_count) {
		const struct target *target = &courier->targets[courier->next++];

		if (try_target(courier, target))
			return;
		courier_drop_session(courier);
	}
	give_up(courier);
}

bool courier_open(struct destination *destination)
{
	struct target targets[TARGETS_MAX];
	size_t count = destination_targets(destination, targets);
	struct courier *courier;

	if (count == 0)
		return false;
	courier = courier_new(destination);
	memcpy(courier->targets, targets, sizeof targets);
	courier->targets_count = count;
	courier_next(courier);
	return true;
}

void courier_go_on(struct courier *courier, bool from_start)
{
	if (courier->state != COURIER_CONNECTING)
		courier_become(courier, COURIER_CONNECTING);
	courier_drop_session(courier);
	if (from_start)
		courier->next = 0;
	courier_next(courier);
}
