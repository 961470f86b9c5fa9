/* SPDX-License-Identifier: ISC */
#include "directory/policy.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"
#include "directory/entry.h"
#include "directory/lookup.h"

enum {
	POLICIES_MAX = 200,
	POLICY_FRESH_MS = 60 * 1000,
	POLICY_KEPT_MS = 24 * 60 * 60 * 1000,
};

struct kept {
	struct policy policy;
	int64_t stale; /* clock_ms: to be asked for again */
};

struct policies {
	pthread_mutex_t mutex;
	struct table *table; /* by DN: struct kept */
};

struct policies *policies_new(void)
{
	struct policies *policies = memory_new(sizeof(*policies));

	pthread_mutex_init(&policies->mutex, NULL);
	policies->table = table_new(POLICIES_MAX, free);
	return policies;
}

void policies_free(struct policies *policies)
{
	if (!policies)
		return;
	table_free(policies->table);
	pthread_mutex_destroy(&policies->mutex);
	free(policies);
}

/* The value under its name at the domain's head, or under that in a PSO. */
static int64_t read_number(const struct entry *entry, const char *head, const char *pso)
{
	return entry_number(entry, head, entry_number(entry, pso, INT64_MAX));
}

bool policy_read(const struct entry *entry, struct policy *policy)
{
	int64_t threshold = read_number(entry, "lockoutThreshold", "msDS-LockoutThreshold");
	int64_t window =
		read_number(entry, "lockOutObservationWindow", "msDS-LockoutObservationWindow");

	if (threshold == INT64_MAX)
		return false;
	policy->threshold = threshold > 0 && threshold < 1000000 ? (unsigned)threshold : 0;
	/* Durations are negative (MS-ADTS 3.1.1.1); the least of all means "for ever". */
	policy->window = window < 0 && window != INT64_MIN ? -window / 10000 : 0;
	return true;
}

/* False: the directory did not tell, and *denied when it answered all the same. */
static bool ask(struct lookup *lookup, const char *dn, int64_t deadline, struct policy *policy,
		bool *denied)
{
	static const char *const attributes[] = { "lockoutThreshold", "lockOutObservationWindow",
						  "msDS-LockoutThreshold",
						  "msDS-LockoutObservationWindow", NULL };
	struct search search = {
		.base = dn,
		.scope = LDAP_SCOPE_BASE,
		.filter = "(objectClass=*)",
		.attributes = attributes,
		.ad = true,
	};
	struct search_result result;
	bool searched = lookup_search(lookup, &search, deadline, &result);
	bool told = searched && result.count == 1 && policy_read(result.entries[0], policy);

	/* No right to read it is "no such object". */
	*denied = !told && (searched || result.code == LDAP_NO_SUCH_OBJECT ||
			    result.code == LDAP_INSUFFICIENT_ACCESS);
	search_result_clear(&result);
	return told;
}

/* True: a fresh one. False: *policy is an old one, or a guess. */
static bool find_kept(struct policies *policies, const char *dn, int64_t now, struct policy *policy)
{
	const struct kept *kept;
	bool fresh;

	*policy = (struct policy){ .guessed = true,
				   .threshold = POLICY_GUESS_THRESHOLD,
				   .window = POLICY_GUESS_WINDOW_MS };
	strcpy(policy->dn, dn);
	pthread_mutex_lock(&policies->mutex);
	kept = table_find(policies->table, span_text(dn), now);
	if (kept)
		*policy = kept->policy;
	fresh = kept && now < kept->stale;
	pthread_mutex_unlock(&policies->mutex);
	return fresh;
}

static void keep(struct policies *policies, const struct policy *policy, int64_t now)
{
	struct kept *kept = memory_new(sizeof(*kept));

	*kept = (struct kept){ *policy, now + POLICY_FRESH_MS };
	pthread_mutex_lock(&policies->mutex);
	table_put(policies->table, span_text(policy->dn), kept, now + POLICY_KEPT_MS);
	pthread_mutex_unlock(&policies->mutex);
}

void policies_find(struct policies *policies, struct lookup *lookup, const char *dn,
		   int64_t deadline, struct policy *policy)
{
	struct policy told = { .threshold = 0 };
	int64_t now = clock_ms();
	bool denied;

	*policy = told;
	if (dn[0] == '\0' || find_kept(policies, dn, now, policy))
		return;
	strcpy(told.dn, dn);
	if (ask(lookup, dn, deadline, &told, &denied)) {
		*policy = told;
		keep(policies, policy, now);
	} else if (denied) {
		log_warning("directory.policy", LOG_TEXT("dn", dn),
			    LOG_NUMBER("assumed_threshold", policy->threshold),
			    LOG_TEXT("why", "this password policy may not be read"),
			    LOG_TEXT("do", "let our account read it (postern.conf(5), LOCKOUT)"));
		keep(policies, policy, now);
	}
}
