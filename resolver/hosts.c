/* SPDX-License-Identifier: ISC */
#include "resolver/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/tls.h"
#include "resolver/mail_name.h"
#include "resolver/sts_policies.h"

enum { JOBS_MAX = 2000, MX_MS = 25000 };

uint32_t good_for(uint32_t ttl)
{
	return ttl < GOOD_FOR_LEAST ? GOOD_FOR_LEAST : ttl > GOOD_FOR_MOST ? GOOD_FOR_MOST : ttl;
}

void hosts_job_ttl(struct hosts_job *job, uint32_t ttl)
{
	if (ttl < job->ttl)
		job->ttl = ttl;
}

/* ---- the end ---- */

static void job_unlink(struct hosts_job *job)
{
	struct hosts_job **place = &job->resolver->jobs;

	while (*place != job)
		place = &(*place)->next;
	*place = job->next;
	job->resolver->jobs_count--;
}

static void job_free(struct hosts_job *job)
{
	for (size_t i = 0; i < job->hosts_count; i++)
		hosts_one_clear(&job->hosts[i]);
	free(job->hosts);
	sts_kept_release(job->policy);
	free(job);
}

void hosts_job_step(struct hosts_job *job)
{
	struct message_hosts_found *found;
	struct hosts_waiter *next;

	if (--job->pending > 0)
		return;
	job_unlink(job); /* who asks from now on asks anew */
	found = hosts_found_make(job);
	for (struct hosts_waiter *waiter = job->waiters; waiter; waiter = next) {
		next = waiter->next;
		hosts_found_shuffle(found);
		waiter->answer(waiter->context, found);
		free(waiter);
	}
	free(found);
	job_free(job);
}

/* ---- MX ---- */

static void job_add(struct hosts_job *job, const char *name, uint16_t preference)
{
	struct hosts_one *one;

	for (size_t i = 0; i < job->hosts_count; i++)
		if (strcmp(job->hosts[i].host.name, name) == 0)
			return;
	/* None has been begun: they may still move. */
	job->hosts = memory_grow(job->hosts, job->hosts_count + 1, sizeof *job->hosts);
	one = &job->hosts[job->hosts_count++];
	memset(one, 0, sizeof *one);
	one->job = job;
	snprintf(one->host.name, sizeof one->host.name, "%s", name);
	one->host.preference = preference;
}

/* By preference; among equal ones by chance, so that of more than we try all are tried in time. */
struct ranked {
	const struct dns_record *record;
	uint32_t chance;
};

static int by_preference(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->record->preference != b->record->preference)
		return a->record->preference < b->record->preference ? -1 : 1;
	return a->chance < b->chance ? -1 : a->chance > b->chance;
}

/* A name that is an address is none (RFC 2181 section 10.3); "." among others says nothing. */
static bool usable(const struct dns_record *record)
{
	unsigned char address[16];

	return record->name && record->name[0] && !mail_name_address(record->name, address);
}

static void take_exchanges(struct hosts_job *job, const struct dns_answer *answer)
{
	struct ranked *ranks = memory_array(answer->count, sizeof *ranks);
	size_t count = 0;

	for (size_t i = 0; i < answer->count; i++)
		if (usable(&answer->records[i])) {
			random_bytes(&ranks[count].chance, sizeof ranks[count].chance);
			ranks[count++].record = &answer->records[i];
		}
	qsort(ranks, count, sizeof *ranks, by_preference);
	for (size_t i = 0; i < count && job->hosts_count < HOSTS_MAX; i++)
		job_add(job, ranks[i].record->name, ranks[i].record->preference);
	free(ranks);
	if (job->hosts_count == 0)
		hosts_found_say(job, HOSTS_NONE, "the mail exchangers of %s have no valid names",
				job->ask.domain);
}

/* RFC 7505 section 3: it is the only one. */
static bool is_null(const struct dns_answer *answer)
{
	return answer->count == 1 && answer->records[0].name && !answer->records[0].name[0];
}

static void hosts_begin(struct hosts_job *job)
{
	job->pending += (unsigned)job->hosts_count;
	for (size_t i = 0; i < job->hosts_count; i++)
		hosts_one_begin(&job->hosts[i]);
}

static void on_exchanges(void *context, const struct lookup_result *result)
{
	struct hosts_job *job = context;
	const char *domain = job->ask.domain;

	if (result->outcome != LOOKUP_TROUBLE)
		hosts_job_ttl(job, result->answer.ttl);
	job->mx_secure = result->secure;
	if (result->outcome == LOOKUP_TROUBLE) {
		hosts_found_say(job, HOSTS_TROUBLE, "MX of %s: %s", domain, result->why);
	} else if (result->outcome == LOOKUP_UNKNOWN) {
		hosts_found_say(job, HOSTS_NONE, "there is no domain %s", domain);
	} else if (result->outcome == LOOKUP_ABSENT) {
		job->implicit = true;
		job_add(job, job->domain, 0);
	} else if (is_null(&result->answer)) {
		hosts_found_say(job, HOSTS_NULL_MX, "%s takes no mail (null MX)", domain);
	} else {
		take_exchanges(job, &result->answer);
	}
	hosts_begin(job);
	hosts_job_step(job);
}

static void on_policy(void *context, struct sts_kept *policy)
{
	struct hosts_job *job = context;

	job->policy = sts_kept_hold(policy);
	hosts_job_step(job);
}

/* ---- the beginning ---- */

static struct hosts_job *job_find(const struct resolver *resolver, const struct message_hosts *ask)
{
	for (struct hosts_job *job = resolver->jobs; job; job = job->next)
		if (strcmp(job->ask.domain, ask->domain) == 0 && job->ask.host == ask->host &&
		    job->ask.port == ask->port && job->ask.dane == ask->dane &&
		    job->ask.mta_sts == ask->mta_sts)
			return job;
	return NULL;
}

static struct hosts_job *job_new(struct resolver *resolver, const struct message_hosts *ask)
{
	struct hosts_job *job = memory_new(sizeof *job);

	job->resolver = resolver;
	job->ask = *ask;
	job->ttl = GOOD_FOR_MOST;
	job->next = resolver->jobs;
	resolver->jobs = job;
	resolver->jobs_count++;
	return job;
}

/* An address instead of a host's name: there is nothing to ask. */
static bool is_address(struct hosts_job *job)
{
	unsigned char address[16];

	if (!mail_name_address(job->ask.domain, address))
		return false;
	job_add(job, job->ask.domain, 0);
	memcpy(job->hosts[0].host.addresses[0], address, sizeof address);
	job->hosts[0].host.addresses_count = 1;
	return true;
}

static void job_begin(struct hosts_job *job)
{
	struct resolver *resolver = job->resolver;

	job->pending = 1; /* itself: answers may come at once */
	if (job->ask.host && is_address(job)) {
		;
	} else if (!mail_name_ascii(job->ask.domain, job->domain)) {
		hosts_found_say(job, HOSTS_NONE, "%s is no name of a domain", job->ask.domain);
	} else if (job->ask.host) {
		job->mx_secure = true; /* there is none that could be forged */
		job_add(job, job->domain, 0);
		hosts_begin(job);
	} else {
		job->pending += job->ask.mta_sts ? 2 : 1;
		if (job->ask.mta_sts)
			sts_policies_ask(resolver->policies, job->domain, on_policy, job);
		lookup_ask(resolver->lookups, job->domain, DNS_MX, MX_MS, on_exchanges, job);
	}
	hosts_job_step(job);
}

static void refuse(hosts_answer answer, void *context)
{
	struct message_hosts_found *found = memory_new(sizeof *found);

	found->outcome = HOSTS_TROUBLE;
	found->good_for = GOOD_FOR_LEAST;
	snprintf(found->text, sizeof found->text, "too many questions to name servers at once");
	answer(context, found);
	free(found);
}

void resolver_hosts(struct resolver *resolver, const struct message_hosts *ask, hosts_answer answer,
		    void *context)
{
	struct hosts_job *job = job_find(resolver, ask);
	bool fresh = !job;
	struct hosts_waiter *waiter;

	if (fresh && resolver->jobs_count == JOBS_MAX) {
		refuse(answer, context);
		return;
	}
	if (fresh)
		job = job_new(resolver, ask);
	waiter = memory_new(sizeof *waiter);
	*waiter = (struct hosts_waiter){ answer, context, job->waiters };
	job->waiters = waiter;
	if (fresh)
		job_begin(job);
}
