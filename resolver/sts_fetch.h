/* SPDX-License-Identifier: ISC */
/* Fetches of policies: the addresses of the policy host, then HTTPS; one at a time for a domain. */
#ifndef RESOLVER_STS_FETCH_H
#define RESOLVER_STS_FETCH_H

#include "resolver/sts_policies.h"

struct sts_fetches;

/* Of every fetch, before those who wait for it hear of it. policy: NULL = it failed. */
typedef void (*sts_fetched)(void *context, const char *domain, const char *id,
			    struct sts_kept *policy);

struct sts_fetches *sts_fetches_new(struct lookups *lookups, struct fetches *fetches,
				    sts_fetched fetched, void *context);
/* answer (NULL = nobody waits) is told once, maybe from inside; where one is under way, of that
 * one. */
void sts_fetch(struct sts_fetches *fetches, const char *domain, const char *id, sts_answer answer,
	       void *context);

#endif
