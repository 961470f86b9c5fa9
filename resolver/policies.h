/* SPDX-License-Identifier: ISC */
/*
 * MTA-STS policies of domains (RFC 8461): found by DNS, fetched by HTTPS, and kept in
 * memory for as long as each says. A policy that is kept goes on to hold when its record
 * is gone or its host does not answer (section 5.1); a domain without one is as if
 * there were no MTA-STS.
 */
#ifndef RESOLVER_POLICIES_H
#define RESOLVER_POLICIES_H

#include "mail/sts_policy.h"

struct fetches;
struct lookups;
struct policies;

struct policy {
	struct sts_policy rules;
	char id[STS_ID_SIZE];
	int64_t fetched; /* clock_ms */
	unsigned holders;
};

struct policies *policies_new(struct lookups *lookups, struct fetches *fetches);

/* policy: NULL = none; holding it makes it the callee's until policy_release. */
typedef void (*policy_answer)(void *context, struct policy *policy);

/* Calls answer exactly once, maybe from inside, in 100 s at most. domain: A-labels, lower case. */
void policies_ask(struct policies *policies, const char *domain, policy_answer answer,
		  void *context);
struct policy *policy_hold(struct policy *policy); /* NULL is fine */
void policy_release(struct policy *policy);        /* likewise */

#endif
