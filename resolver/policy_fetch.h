/* SPDX-License-Identifier: ISC */
/* Fetches of policies: the addresses of the policy host, then HTTPS; one at a time for a domain. */
#ifndef RESOLVER_POLICY_FETCH_H
#define RESOLVER_POLICY_FETCH_H

#include "resolver/policies.h"

struct policy_fetches;

/* Of every fetch, before those who wait for it hear of it. policy: NULL = it failed. */
typedef void (*policy_fetched)(void *context, const char *domain, const char *id,
			       struct policy *policy);

struct policy_fetches *policy_fetches_new(struct lookups *lookups, struct fetches *fetches,
					  policy_fetched fetched, void *context);
/* answer (NULL = nobody waits) is told once, maybe from inside; where one is under way, of that
 * one. */
void policy_fetch(struct policy_fetches *fetches, const char *domain, const char *id,
		  policy_answer answer, void *context);

#endif
