/* SPDX-License-Identifier: ISC */
#include "resolver/sts_policies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"
#include "resolver/dns_lookup.h"
#include "resolver/sts_fetch.h"

enum {
	POLICIES_MAX = 10000,
	RECORD_MS = 10000,
	FAILED_MS = 300000,   /* no second try within five minutes: section 3.3 */
	REFRESH_MS = 86400000 /* a policy in use is looked at again once a day */
};

struct sts_policies {
	struct lookups *lookups;
	struct table *known;  /* domain -> struct sts_kept */
	struct table *failed; /* domain -> the id of its record then */
	struct sts_fetches *fetches;
};

struct question {
	struct sts_policies *policies;
	char domain[DNS_NAME_SIZE];
	sts_answer answer;
	void *context;
};

struct sts_kept *sts_kept_hold(struct sts_kept *policy)
{
	if (policy)
		policy->holders++;
	return policy;
}

void sts_kept_release(struct sts_kept *policy)
{
	if (!policy || --policy->holders > 0)
		return;
	sts_policy_clear(&policy->rules);
	free(policy);
}

static void release_known(void *value)
{
	sts_kept_release(value);
}

static struct sts_kept *known_find(const struct sts_policies *policies, const char *domain)
{
	return table_find(policies->known, span_text(domain), clock_ms());
}

static void question_end(struct question *question, struct sts_kept *policy)
{
	question->answer(question->context, policy);
	free(question);
}

/* ---- after a fetch ---- */

static void keep(struct sts_policies *policies, const char *domain, struct sts_kept *policy)
{
	table_put(policies->known, span_text(domain), sts_kept_hold(policy),
		  policy->fetched + (int64_t)policy->rules.max_age * 1000);
	table_drop(policies->failed, span_text(domain));
}

static void on_fetched(void *context, const char *domain, const char *id, struct sts_kept *policy)
{
	struct sts_policies *policies = context;

	if (policy)
		keep(policies, domain, policy);
	else
		table_put(policies->failed, span_text(domain), memory_text(id),
			  clock_ms() + FAILED_MS);
}

static void on_awaited(void *context, struct sts_kept *policy)
{
	struct question *question = context;

	question_end(question, policy ? policy : known_find(question->policies, question->domain));
}

/* ---- the record ---- */

/* Section 3.1: exactly one record that is a policy's, or there is none. */
static bool record_id(const struct lookup_result *result, char id[STS_ID_SIZE])
{
	size_t found = 0;

	for (size_t i = 0; result->outcome == LOOKUP_FOUND && i < result->answer.count; i++) {
		char one[STS_ID_SIZE];

		if (!sts_record_parse(result->answer.records[i].data, one))
			continue;
		memcpy(id, one, sizeof one);
		found++;
	}
	return found == 1;
}

static bool failed_lately(const struct sts_policies *policies, const char *domain, const char *id)
{
	const char *then = table_find(policies->failed, span_text(domain), clock_ms());

	return then && strcmp(then, id) == 0;
}

static void on_record(void *context, const struct lookup_result *result)
{
	struct question *question = context;
	struct sts_policies *policies = question->policies;
	struct sts_kept *known = known_find(policies, question->domain);
	char id[STS_ID_SIZE];
	bool same;

	if (!record_id(result, id) || failed_lately(policies, question->domain, id)) {
		question_end(question, known);
		return;
	}
	same = known && strcmp(known->id, id) == 0;
	if (same && known->fetched + REFRESH_MS < clock_ms())
		sts_fetch(policies->fetches, question->domain, id, NULL, NULL);
	if (same)
		question_end(question, known);
	else
		sts_fetch(policies->fetches, question->domain, id, on_awaited, question);
}

void sts_policies_ask(struct sts_policies *policies, const char *domain, sts_answer answer,
		      void *context)
{
	struct question *question = memory_new(sizeof *question);
	char name[DNS_NAME_SIZE + 16];

	question->policies = policies;
	snprintf(question->domain, sizeof question->domain, "%s", domain);
	question->answer = answer;
	question->context = context;
	snprintf(name, sizeof name, "_mta-sts.%s", domain);
	if (strlen(name) >= DNS_NAME_SIZE)
		question_end(question, NULL);
	else
		lookup_ask(policies->lookups, name, DNS_TXT, RECORD_MS, on_record, question);
}

struct sts_policies *sts_policies_new(struct lookups *lookups, struct fetches *fetches)
{
	struct sts_policies *policies = memory_new(sizeof *policies);

	policies->lookups = lookups;
	policies->known = table_new(POLICIES_MAX, release_known);
	policies->failed = table_new(POLICIES_MAX, free);
	policies->fetches = sts_fetches_new(lookups, fetches, on_fetched, policies);
	return policies;
}
