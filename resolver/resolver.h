/* SPDX-License-Identifier: ISC */
/*
 * What the resolver role answers: where mail for a domain goes, and which names an
 * address has. Joins dns_lookup.h and sts_policies.h; knows no packets.
 */
#ifndef RESOLVER_RESOLVER_H
#define RESOLVER_RESOLVER_H

#include "daemon/message_resolver.h"
#include "resolver/dns_lookup.h"

struct sts_policies;
struct tls_trust;
struct hosts_job;

struct resolver {
	struct lookups *lookups;
	struct sts_policies *policies;
	struct hosts_job *jobs; /* under way: who asks the same waits for the same answer */
	size_t jobs_count;
};

/* Before the sandbox. trust is for HTTPS; it stays the caller's. NULL with *why. */
struct resolver *resolver_new(struct event_base *base, const struct lookup_plan *plan,
			      const struct tls_trust *trust, char *why, size_t size);

typedef void (*hosts_answer)(void *context, const struct message_hosts_found *found);
typedef void (*names_answer)(void *context, const struct message_names_found *found);

/* Both call answer exactly once, in 80 s and 20 s at most, maybe from inside; what they give is
 * valid during the call. */
void resolver_hosts(struct resolver *resolver, const struct message_hosts *ask, hosts_answer answer,
		    void *context);
void resolver_names(struct resolver *resolver, const struct message_names *ask, names_answer answer,
		    void *context);

enum { GOOD_FOR_LEAST = 5, GOOD_FOR_MOST = 3600, GOOD_FOR_TROUBLE = 30 };
uint32_t good_for(uint32_t ttl); /* seconds, within those */

#endif
