/* SPDX-License-Identifier: ISC */
/* The answer from what was found out about a domain and its hosts. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "io/tls.h"
#include "resolver/hosts.h"
#include "resolver/sts_policies.h"

void hosts_found_say(struct hosts_job *job, enum hosts_outcome outcome, const char *format, ...)
{
	va_list arguments;

	job->outcome = outcome;
	va_start(arguments, format);
	vsnprintf(job->text, sizeof job->text, format, arguments);
	va_end(arguments);
}

static void take_hosts(const struct hosts_job *job, struct message_hosts_found *found, bool *doubt)
{
	for (size_t i = 0; i < job->hosts_count; i++) {
		const struct hosts_one *one = &job->hosts[i];

		if (one->host.addresses_count)
			found->hosts[found->count++] = one->host;
		else
			*doubt |= one->addresses_doubt;
	}
}

static void explain(struct hosts_job *job, bool doubt)
{
	const char *domain = job->ask.domain;

	if (doubt)
		hosts_found_say(job, HOSTS_TROUBLE,
				"the name servers for the mail hosts of %s do not answer", domain);
	else if (job->ask.host)
		hosts_found_say(job, HOSTS_NONE, "there is no host %s", domain);
	else if (job->implicit)
		hosts_found_say(job, HOSTS_NONE, "%s has neither a mail exchanger nor an address",
				domain);
	else
		hosts_found_say(job, HOSTS_NONE, "the mail exchangers of %s do not exist", domain);
}

static bool names_host(const struct message_hosts_found *found, const char *pattern)
{
	for (uint32_t i = 0; i < found->count; i++)
		if (sts_pattern_matches(pattern, found->hosts[i].name))
			return true;
	return false;
}

/* More patterns than there are places: those that name one of the hosts decide. */
static void take_policy(const struct sts_kept *policy, struct message_hosts_found *found)
{
	const struct sts_policy *rules = policy ? &policy->rules : NULL;
	bool all = rules && rules->count <= HOSTS_MAX;

	if (!rules || rules->mode == STS_NONE)
		return;
	found->policy = rules->mode == STS_ENFORCE ? HOSTS_POLICY_ENFORCE : HOSTS_POLICY_TESTING;
	snprintf(found->policy_id, sizeof found->policy_id, "%s", policy->id);
	for (size_t i = 0; i < rules->count && found->patterns_count < HOSTS_MAX; i++)
		if (all || names_host(found, rules->patterns[i]))
			snprintf(found->patterns[found->patterns_count++],
				 sizeof found->patterns[0], "%s", rules->patterns[i]);
}

struct message_hosts_found *hosts_found_make(struct hosts_job *job)
{
	struct message_hosts_found *found = memory_new(sizeof *found);
	bool doubt = false;

	if (!job->text[0]) {
		take_hosts(job, found, &doubt);
		if (found->count == 0)
			explain(job, doubt);
	}
	found->outcome = job->outcome;
	memcpy(found->text, job->text, sizeof found->text);
	found->mx_secure = job->mx_secure;
	if (found->outcome == HOSTS_FOUND)
		take_policy(job->policy, found);
	/* A host that is left out this time is looked for again soon. */
	found->good_for =
		found->outcome == HOSTS_TROUBLE || doubt ? GOOD_FOR_TROUBLE : good_for(job->ttl);
	return found;
}

void hosts_found_shuffle(struct message_hosts_found *found)
{
	for (uint32_t i = 0; i + 1 < found->count; i++) {
		uint32_t equal = 1, chance;
		struct hosts_host other;

		while (i + equal < found->count &&
		       found->hosts[i + equal].preference == found->hosts[i].preference)
			equal++;
		random_bytes(&chance, sizeof chance);
		chance = i + chance % equal;
		other = found->hosts[i];
		found->hosts[i] = found->hosts[chance];
		found->hosts[chance] = other;
	}
}
