/* SPDX-License-Identifier: ISC */
/*
 * Questions to name servers, by libunbound on the event loop: it validates (DNSSEC),
 * remembers what is there and what is not, and joins questions that are alike. No
 * threads and no processes: with ub_ctx_async it would start one, which had to exist
 * before the role is confined; ub_resolve_event works in the loop that is there.
 *
 * A domain that does not exist and servers that do not answer are never confused.
 */
#ifndef RESOLVER_DNS_LOOKUP_H
#define RESOLVER_DNS_LOOKUP_H

#include "resolver/dns_answer.h"

struct event_base;
struct lookups;

#define LOOKUP_WHY 160

enum lookup_outcome {
	LOOKUP_FOUND,   /* at least one record */
	LOOKUP_ABSENT,  /* the name is there, records of the type are not */
	LOOKUP_UNKNOWN, /* the name does not exist */
	LOOKUP_TROUBLE  /* no answer, SERVFAIL, bogus: nothing is known */
};

struct lookup_result { /* valid during the call */
	enum lookup_outcome outcome;
	bool secure;          /* proved by DNSSEC, the CNAMEs on the way and absence too */
	bool bogus;           /* TROUBLE: there are answers, and DNSSEC does not prove them */
	char why[LOOKUP_WHY]; /* TROUBLE */
	struct dns_answer
		answer; /* FOUND: records; FOUND, ABSENT, UNKNOWN: ttl, canonical, alias */
};

typedef void (*lookup_answer)(void *context, const struct lookup_result *result);

struct lookup_plan {
	char **servers; /* numeric, "@port" behind; none: those of /etc/resolv.conf, or of this
			   machine */
	size_t servers_count;
	const char *anchor;    /* file; "" = the system's, where there is one */
	char **unsigned_zones; /* domains of ours: no proof is asked of them */
	size_t unsigned_zones_count;
};

/*
 * Reads its files now, so before the sandbox. Without an anchor nothing is secure. With the
 * system's anchor and name servers that leave signatures out, likewise: that is found out in the
 * first minute, said in the log, and looked at again later. An anchor that was named is always kept
 * to. NULL with *why.
 */
struct lookups *lookups_new(struct event_base *base, const struct lookup_plan *plan, char *why,
			    size_t size);

/* Calls answer exactly once, maybe from inside, TROUBLE after patience_ms. name: A-labels, lower
 * case. */
void lookup_ask(struct lookups *lookups, const char *name, enum dns_type type, unsigned patience_ms,
		lookup_answer answer, void *context);

#endif
