/* SPDX-License-Identifier: ISC */
#include "routing/next_hop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_LMTP 24 /* of a hop that says none */

static void go_to(struct next_hop *hop, const struct conf_hop *written, uint16_t outbound_port)
{
	hop->lmtp = written->lmtp;
	hop->mx = !written->bracketed && !written->lmtp;
	hop->port = written->port ? written->port : written->lmtp ? PORT_LMTP : outbound_port;
	(void)span_copy(span_text(written->host), hop->host, sizeof(hop->host));
}

static bool is_host(const struct conf_hop *written)
{
	return written->host && written->host[0];
}

/* "[192.0.2.1]" and "[IPv6:2001:db8::1]" (RFC 5321 section 4.1.3): that host, whatever a name
 * server says. */
static void go_to_literal(struct next_hop *hop, uint16_t port)
{
	struct span inside = span_text(hop->domain);

	inside = span_skip(inside, 1);
	inside.length -= inside.length > 0;
	if (span_starts_nocase(inside, "IPv6:"))
		inside = span_skip(inside, 5);
	hop->mx = false;
	hop->port = port;
	(void)span_copy(inside, hop->host, sizeof(hop->host));
}

static void go_to_domain(struct next_hop *hop, bool literal, uint16_t port)
{
	if (literal) {
		go_to_literal(hop, port);
		return;
	}
	hop->mx = true;
	hop->port = port;
	(void)span_copy(span_text(hop->domain), hop->host, sizeof(hop->host));
}

/* The same host as the smart host is the smart host, whoever names it: they share connections. */
static bool is_smart(const struct next_hop *hop, const struct conf_outbound *outbound)
{
	struct next_hop smart = { .kind = NEXT_HOP_SMTP };

	if (!is_host(&outbound->smart_host))
		return false;
	go_to(&smart, &outbound->smart_host, outbound->port);
	return smart.lmtp == hop->lmtp && smart.mx == hop->mx && smart.port == hop->port &&
	       strcmp(smart.host, hop->host) == 0;
}

/* False when it is not well-formed: then the rules for the domain count. */
static bool go_via(struct next_hop *hop, const struct conf *conf, const struct conf_outbound *outbound,
		   const char *via)
{
	struct conf_hop written;
	const char *why;
	bool good;

	if (!via || !via[0] || !conf_hop_parse(via, &written, &why))
		return false;
	good = is_host(&written);
	if (good) {
		go_to(hop, &written, outbound->port);
		hop->named = true;
		hop->smart = is_smart(hop, outbound);
		hop->remote = conf_find_remote(conf, hop->host);
	}
	free(written.text);
	free(written.host);
	return good;
}

void next_hop_find(const struct conf *conf, const struct conf_smtp *server,
		   const struct envelope_recipient *recipient, struct next_hop *hop)
{
	const struct conf_outbound *outbound = &server->outbound;
	const struct conf_remote *remote;
	bool literal = recipient->address.literal;

	memset(hop, 0, sizeof(*hop));
	hop->kind = NEXT_HOP_SMTP;
	(void)span_copy(span_text(recipient->address.domain), hop->domain, sizeof(hop->domain));
	remote = hop->remote = conf_find_remote(conf, hop->domain);
	if (go_via(hop, conf, outbound, recipient->via))
		return;
	if (!literal && (!hop->domain[0] || conf_find_domain(conf, hop->domain))) {
		hop->kind = NEXT_HOP_LOCAL;
		hop->remote = NULL;
		return;
	}
	if (remote && remote->trigger)
		hop->kind = NEXT_HOP_TRIGGER; /* and where to, once it is triggered */
	if (remote && is_host(&remote->route)) {
		go_to(hop, &remote->route, outbound->port);
	} else if (is_host(&outbound->smart_host) && !(remote && remote->route_mx)) {
		go_to(hop, &outbound->smart_host, outbound->port);
		hop->smart = true;
		hop->direct_first = outbound->direct_first && !literal;
	} else {
		go_to_domain(hop, literal, outbound->port);
	}
}

void next_hop_key(const struct next_hop *hop, char *to, size_t size)
{
	bool own_domain = hop->direct_first || (hop->mx && !hop->named && strcmp(hop->host, hop->domain) == 0);
	const char *open = hop->mx ? "" : "[", *close = hop->mx ? "" : "]";

	if (hop->kind == NEXT_HOP_LOCAL)
		(void)snprintf(to, size, "local");
	else if (hop->kind == NEXT_HOP_TRIGGER)
		(void)snprintf(to, size, "trigger:%s", hop->domain);
	else if (own_domain)
		(void)snprintf(to, size, "%s", hop->domain);
	else /* One host for many domains: those with settings of their own stay apart. */
		(void)snprintf(to, size, "%s%s%s%s:%u%s%s", hop->lmtp ? "lmtp:" : "", open,
			       hop->host, close, (unsigned)hop->port, hop->remote ? "/" : "",
			       hop->remote ? hop->remote->name : "");
}
