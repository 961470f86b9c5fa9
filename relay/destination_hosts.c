/* SPDX-License-Identifier: ISC */
/* The hosts of a destination, and the settings that count there. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "relay/destination.h"
#include "relay/courier.h"
#include "relay/numeric.h"
#include "relay/own_address.h"

/* ---- settings ---- */

enum conf_tls_out destination_tls(const struct destination *destination)
{
	const struct conf_remote *remote = destination->hop.remote;
	const struct conf_outbound *outbound = destination->outbound;

	if (!remote || !remote->tls_given)
		return outbound->tls;
	/* Where the server logs in, a section for some domain of others takes no TLS away. */
	if (destination->hop.smart && outbound->login.how != CONF_LOGIN_OUT_NONE &&
	    remote->login.how == CONF_LOGIN_OUT_NONE && remote->tls < outbound->tls)
		return outbound->tls;
	return remote->tls;
}

const char *destination_authorities(const struct destination *destination)
{
	const struct conf_remote *remote = destination->hop.remote;

	if (remote && remote->tls_ca && *remote->tls_ca)
		return remote->tls_ca;
	return destination->outbound->tls_ca ? destination->outbound->tls_ca : "";
}

bool destination_is_direct(const struct destination *destination, const struct target *target)
{
	const struct next_hop *hop = &destination->hop;

	if (hop->direct_first)
		return target->source != DESTINATION_FIXED;
	return hop->mx && strcmp(hop->host, hop->domain) == 0;
}

bool destination_is_mx(const struct destination *destination, const struct target *target)
{
	return destination->hop.mx || destination_is_direct(destination, target);
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
	else if (!destination->hop.smart || destination_is_direct(destination, target))
		return NULL;
	return login->how != CONF_LOGIN_OUT_NONE ? login : NULL;
}

/* ---- what is asked ---- */

static void on_lookup(void *context)
{
	destination_pump(context);
}

/* Those before the smart host have the ordinary port. */
static uint16_t port_of(const struct destination *destination, unsigned number)
{
	bool direct = destination->hop.direct_first && number != DESTINATION_FIXED;

	return direct ? destination->outbound->port : destination->hop.port;
}

static void lookup_for(struct destination *destination, const char *domain, bool mx)
{
	unsigned number = destination->lookups_count++;
	struct message_hosts ask = { .host = !mx, .port = port_of(destination, number) };
	bool wanted = destination_tls(destination) != CONF_TLS_OUT_NONE;

	span_copy(span_text(domain), ask.domain, sizeof ask.domain);
	ask.dane = wanted && destination->outbound->dane;
	ask.mta_sts = wanted && mx && destination->outbound->mta_sts;
	lookup_init(&destination->lookups[number], destination->relay, &ask, on_lookup,
		    destination);
}

void destination_find_hosts(struct destination *destination)
{
	const struct next_hop *hop = &destination->hop;
	unsigned char address[16];

	if (hop->direct_first)
		lookup_for(destination, hop->domain, true);
	if (hop->direct_first || hop->mx || !numeric_parse(hop->host, address))
		lookup_for(destination, hop->host, hop->mx);
}

/* ---- what is answered ---- */

/*
 * A host that an administrator or the directory named, not the recipient's domain: what is wrong
 * with it can be put right, and no sender has done it.
 */
static bool is_named(const struct next_hop *hop)
{
	return hop->named || strcmp(hop->host, hop->domain) != 0;
}

/* "x@[192.0.2.1]", without a host that anybody else named. */
static bool is_literal(const struct destination *destination)
{
	return !destination->hop.named && !destination->hop.smart && !destination->hop.remote &&
	       destination->hop.domain[0] == '[';
}

static void fail_named(struct destination *destination, const char *status, const char *text)
{
	log_warning("relay.next_hop", LOG_TEXT("hop", destination->name),
		    LOG_TEXT("host", destination->hop.host), LOG_TEXT("why", text));
	destination_fail(destination, QUEUE_LATER, status, text, true);
}

/* `number`: of the lookup; with direct_first the first is about the recipient's domain. */
static void fail_lookup(struct destination *destination, unsigned number,
			const struct message_hosts_found *found)
{
	char text[sizeof found->text];
	enum hosts_outcome outcome = found->outcome;

	snprintf(text, sizeof text, "%s", found->text);
	if (outcome != HOSTS_TROUBLE && is_named(&destination->hop) &&
	    number + 1 == destination->lookups_count)
		fail_named(destination, "4.4.4", text);
	else if (outcome == HOSTS_NULL_MX)
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
	return courier_troubled(context, address, port);
}

static size_t target_address(struct destination *destination, struct target *target)
{
	*target = (struct target){ .port = destination->hop.port };
	span_copy(span_text(destination->hop.host), target->host, sizeof target->host);
	numeric_parse(destination->hop.host, target->address);
	if (!own_addresses_has(destination->relay->own, target->address, target->port))
		return 1;
	if (is_literal(destination))
		destination_fail(destination, QUEUE_NEVER, "5.4.6",
				 "the next hop is this server itself", false);
	else
		fail_named(destination, "4.4.6", "the next hop is this server itself");
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
			count = targets_add(targets, count, found, port_of(destination, i),
					    (uint8_t)i, &rules, &loops);
		} else if (count == 0 && !goes_on(destination, i, found)) {
			fail_lookup(destination, i, found);
			return 0;
		}
	}
	if (count == 0 && loops && is_named(&destination->hop))
		fail_named(destination, "4.4.6", "the next hop is this server itself");
	else if (count == 0 && loops)
		destination_fail(destination, QUEUE_NEVER, "5.4.6",
				 "mail for this domain loops back to this server", false);
	else if (count == 0)
		destination_fail(destination, QUEUE_LATER, "4.4.4",
				 "no host of the domain has an address", true);
	return count;
}

bool destination_hosts_known(struct destination *destination)
{
	bool ready = true;

	for (unsigned i = 0; i < destination->lookups_count; i++)
		if (!lookup_find(&destination->lookups[i]))
			ready = false;
	return ready;
}
