/* SPDX-License-Identifier: ISC */
/* What the files of resolver/dns_lookup.h share; only they include this. */
#ifndef RESOLVER_DNS_LOOKUP_PRIVATE_H
#define RESOLVER_DNS_LOOKUP_PRIVATE_H

#include <event2/event.h>
#include <stdint.h>

#include "resolver/dns_lookup.h"

struct ub_ctx;

struct lookups {
	struct event_base *base;
	struct ub_ctx *proving, *plain; /* proving: NULL without an anchor */
	bool strict;   /* the anchor was named: without proofs nothing is believed */
	bool unproved; /* the servers leave signatures out */
	struct event *probe;
	char own[DNS_NAME_SIZE]; /* a domain of ours, "" = none */
	size_t count;
	struct event *watch;
	int64_t heard; /* clock_ms of the last answer of a name server */
};

struct dns_lookup;
struct dns_lookup *dns_lookup_new(const char *name, enum dns_type type, lookup_answer answer,
				  void *context);
/* In that context; ends as lookup_ask. */
void dns_lookup_in(struct lookups *lookups, struct ub_ctx *context, struct dns_lookup *lookup,
		   unsigned patience_ms);

/* dns_proofs.c: do the name servers send signatures at all? The timer's call. */
void dns_proofs_due(evutil_socket_t fd, short what, void *lookups);
void dns_proofs_again(struct lookups *lookups, time_t seconds);

/* dns_context.c: one of libunbound with our options; NULL with *why. */
struct ub_ctx *dns_context_new(struct event_base *base, const struct lookup_plan *plan,
			       const char *anchor, char *why, size_t size);

#endif
