/* SPDX-License-Identifier: ISC */
/* The names of an address: PTR records, of which those count whose own addresses have it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "resolver/mail_name.h"
#include "resolver/resolver.h"

enum { NAMES_MS = 10000, NAMES_TRIED = 10, NAMES_MAX = 4 };

struct names_job {
	struct resolver *resolver;
	unsigned char address[16];
	struct message_names_found found;
	uint32_t ttl;
	unsigned pending;
	bool doubt; /* a name could not be looked up */
	names_answer answer;
	void *context;
};

struct candidate {
	struct names_job *job;
	char name[DNS_NAME_SIZE];
};

static void job_ttl(struct names_job *job, uint32_t ttl)
{
	if (ttl < job->ttl)
		job->ttl = ttl;
}

static void job_step(struct names_job *job)
{
	if (--job->pending > 0)
		return;
	job->found.trouble = job->found.trouble || (job->doubt && job->found.count == 0);
	job->found.good_for = job->found.trouble ? GOOD_FOR_TROUBLE : good_for(job->ttl);
	job->answer(job->context, &job->found);
	free(job);
}

static bool has_address(const struct dns_answer *answer, const unsigned char address[16])
{
	unsigned char one[16];

	for (size_t i = 0; i < answer->count; i++) {
		mail_name_from_record(answer->records[i].data, one);
		if (memcmp(one, address, sizeof one) == 0)
			return true;
	}
	return false;
}

static void on_forward(void *context, const struct lookup_result *result)
{
	struct candidate *candidate = context;
	struct names_job *job = candidate->job;
	struct message_names_found *found = &job->found;

	if (result->outcome == LOOKUP_TROUBLE)
		job->doubt = true;
	else
		job_ttl(job, result->answer.ttl);
	if (result->outcome == LOOKUP_FOUND && found->count < NAMES_MAX &&
	    has_address(&result->answer, job->address))
		snprintf(found->names[found->count++], sizeof found->names[0], "%s",
			 candidate->name);
	free(candidate);
	job_step(job);
}

static void confirm(struct names_job *job, const char *name)
{
	struct candidate *candidate = memory_new(sizeof *candidate);

	candidate->job = job;
	snprintf(candidate->name, sizeof candidate->name, "%s", name);
	job->pending++;
	lookup_ask(job->resolver->lookups, candidate->name,
		   mail_name_is_ipv4(job->address) ? DNS_A : DNS_AAAA, NAMES_MS, on_forward,
		   candidate);
}

static void on_pointers(void *context, const struct lookup_result *result)
{
	struct names_job *job = context;

	if (result->outcome == LOOKUP_TROUBLE)
		job->found.trouble = 1;
	else
		job_ttl(job, result->answer.ttl);
	/* A stranger's zone says how many there are. */
	for (size_t i = 0;
	     result->outcome == LOOKUP_FOUND && i < result->answer.count && i < NAMES_TRIED; i++)
		if (result->answer.records[i].name && result->answer.records[i].name[0])
			confirm(job, result->answer.records[i].name);
	job_step(job);
}

void resolver_names(struct resolver *resolver, const struct message_names *ask, names_answer answer,
		    void *context)
{
	struct names_job *job = memory_new(sizeof *job);
	char name[DNS_NAME_SIZE];

	job->resolver = resolver;
	memcpy(job->address, ask->address, sizeof job->address);
	job->ttl = GOOD_FOR_MOST;
	job->pending = 1;
	job->answer = answer;
	job->context = context;
	mail_name_reverse(ask->address, name);
	lookup_ask(resolver->lookups, name, DNS_PTR, NAMES_MS, on_pointers, job);
}
