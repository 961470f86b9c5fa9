/* SPDX-License-Identifier: ISC */
#include "resolver/resolver.h"

#include <stdlib.h>

#include "base/memory.h"
#include "resolver/fetch.h"
#include "resolver/sts_policies.h"

struct resolver *resolver_new(struct event_base *base, const struct lookup_plan *plan,
			      const struct tls_trust *trust, char *why, size_t size)
{
	struct lookups *lookups = lookups_new(base, plan, why, size);
	struct resolver *resolver;

	if (!lookups)
		return NULL;
	resolver = memory_new(sizeof *resolver);
	resolver->lookups = lookups;
	resolver->policies = sts_policies_new(lookups, fetches_new(base, trust));
	return resolver;
}
