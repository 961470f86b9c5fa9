/* SPDX-License-Identifier: ISC */
/*
 * MTA-STS policies of domains (RFC 8461): found by DNS, fetched by HTTPS, and kept in
 * memory for as long as each says. A policy that is kept goes on to hold when its record
 * is gone or its host does not answer (section 5.1); a domain without one is as if
 * there were no MTA-STS.
 */
#ifndef RESOLVER_STS_POLICIES_H
#define RESOLVER_STS_POLICIES_H

#include "mail/sts_policy.h"

struct fetches;
struct lookups;
struct sts_policies;

struct sts_kept {
	struct sts_policy rules;
	char id[STS_ID_SIZE];
	int64_t fetched; /* clock_ms */
	unsigned holders;
};

struct sts_policies *sts_policies_new(struct lookups *lookups, struct fetches *fetches);

/* policy: NULL = none; holding it makes it the callee's until sts_kept_release. */
typedef void (*sts_answer)(void *context, struct sts_kept *policy);

/* Calls answer exactly once, maybe from inside, in 80 s at most. domain: A-labels, lower case. */
void sts_policies_ask(struct sts_policies *policies, const char *domain, sts_answer answer,
		      void *context);
struct sts_kept *sts_kept_hold(struct sts_kept *policy); /* NULL is fine */
void sts_kept_release(struct sts_kept *policy);          /* likewise */

#endif
