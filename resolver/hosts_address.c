/* SPDX-License-Identifier: ISC */
/* Addresses of one host, and its TLSA records (RFC 7672 section 2.2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "resolver/hosts.h"
#include "resolver/mail_name.h"

enum { ADDRESS_MS = 25000, TLSA_MS = 15000, ALIAS_MS = 15000, TLSA_DATA_MAX = 8192 };

void hosts_one_clear(struct hosts_one *one)
{
	for (size_t i = 0; i < HOSTS_TLSA_MAX; i++)
		free(one->tlsa[i]);
}

/* ---- TLSA ---- */

enum { SHA256_SIZE = 32, SHA512_SIZE = 64 };

/* RFC 7672 section 3.1: DANE-TA(2) and DANE-EE(3) only; a digest has its length. */
static bool tlsa_usable(const unsigned char *data, size_t length)
{
	static const size_t lengths[] = { 0, SHA256_SIZE, SHA512_SIZE };

	if (length < 4 || length > TLSA_DATA_MAX || (data[0] != 2 && data[0] != 3) || data[1] > 1 ||
	    data[2] > 2)
		return false;
	return data[2] == 0 || length - 3 == lengths[data[2]];
}

static void take_tlsa(struct hosts_one *one, const struct dns_answer *answer)
{
	struct hosts_host *host = &one->host;

	for (size_t i = 0; i < answer->count && host->tlsa_count < HOSTS_TLSA_MAX; i++) {
		const unsigned char *data = (const unsigned char *)answer->records[i].data.at;
		size_t length = answer->records[i].data.length;
		struct hosts_tlsa *tlsa = &host->tlsa[host->tlsa_count];

		if (!tlsa_usable(data, length))
			continue;
		one->tlsa[host->tlsa_count] = memory_text_n(data + 3, length - 3);
		*tlsa = (struct hosts_tlsa){ data[0], data[1], data[2],
					     span_make(one->tlsa[host->tlsa_count], length - 3) };
		host->tlsa_count++;
	}
	host->unusable = host->tlsa_count == 0;
}

static void tlsa_ask(struct hosts_one *one, const char *base, bool asking_base);

static void on_tlsa(void *context, const struct lookup_result *result)
{
	struct hosts_one *one = context;
	struct hosts_host *host = &one->host;
	bool found = result->outcome == LOOKUP_FOUND && result->secure;

	if (result->outcome != LOOKUP_TROUBLE)
		hosts_job_ttl(one->job, result->answer.ttl);
	/* Section 2.1.1: what cannot be told is not the same as there being none. */
	if (result->outcome == LOOKUP_TROUBLE)
		host->tlsa_trouble = 1;
	if (found)
		take_tlsa(one, &result->answer);
	if (one->alias_alone && !found && !host->tlsa_trouble)
		host->secure = 0;
	if (found && one->asking_base)
		snprintf(host->base, sizeof host->base, "%s", one->canonical);
	/* Section 2.2.3: the name before its CNAMEs comes second. */
	if (!found && !host->tlsa_trouble && one->asking_base)
		tlsa_ask(one, host->name, false);
	else
		hosts_job_step(one->job);
}

static void tlsa_ask(struct hosts_one *one, const char *base, bool asking_base)
{
	char name[DNS_NAME_SIZE + 24];

	one->asking_base = asking_base;
	snprintf(name, sizeof name, "_%u._tcp.%s", (unsigned)one->job->ask.port, base);
	if (strlen(name) < DNS_NAME_SIZE)
		lookup_ask(one->job->resolver->lookups, name, DNS_TLSA, TLSA_MS, on_tlsa, one);
	else
		hosts_job_step(one->job);
}

/* ---- addresses ---- */

/* An alias that is proved, and leads out of what is: its own name counts (section 2.2.2). */
static void on_alias(void *context, const struct lookup_result *result)
{
	struct hosts_one *one = context;

	one->alias_alone = result->outcome == LOOKUP_FOUND && result->secure;
	/* Section 2.1.1, as with TLSA records: it may be proved, and have some. */
	one->host.tlsa_trouble = result->outcome == LOOKUP_TROUBLE;
	one->host.secure = one->alias_alone || one->host.tlsa_trouble;
	if (one->alias_alone)
		tlsa_ask(one, one->host.name, false);
	else
		hosts_job_step(one->job);
}

static void addresses_step(struct hosts_one *one)
{
	struct hosts_host *host = &one->host;

	if (--one->pending > 0)
		return;
	host->secure = one->job->mx_secure && one->addresses_secure && host->addresses_count > 0;
	if (!one->job->ask.dane || !one->job->mx_secure || host->addresses_count == 0)
		hosts_job_step(one->job);
	else if (host->secure && one->canonical[0])
		tlsa_ask(one, one->canonical, true);
	else if (host->secure)
		tlsa_ask(one, host->name, false);
	else if (one->alias)
		lookup_ask(one->job->resolver->lookups, host->name, DNS_CNAME, ALIAS_MS, on_alias,
			   one);
	else
		hosts_job_step(one->job);
}

/* Of the two families so many that the other one has room, if it has any. */
static void take_addresses(struct hosts_one *one, const struct dns_answer *answer)
{
	struct hosts_host *host = &one->host;
	uint32_t most = host->addresses_count ? HOSTS_ADDRESSES_MAX : HOSTS_ADDRESSES_MAX / 2;

	for (size_t i = 0; i < answer->count && host->addresses_count < most; i++)
		mail_name_from_record(answer->records[i].data,
				      host->addresses[host->addresses_count++]);
}

static void on_addresses(void *context, const struct lookup_result *result)
{
	struct hosts_one *one = context;

	if (result->outcome == LOOKUP_TROUBLE) {
		one->addresses_doubt = true;
	} else {
		hosts_job_ttl(one->job, result->answer.ttl);
		one->addresses_secure = one->addresses_secure && result->secure;
	}
	if (result->outcome == LOOKUP_FOUND)
		take_addresses(one, &result->answer);
	one->alias |= result->outcome == LOOKUP_FOUND && result->answer.alias;
	if (result->outcome == LOOKUP_FOUND && result->answer.alias)
		snprintf(one->canonical, sizeof one->canonical, "%s", result->answer.canonical);
	addresses_step(one);
}

void hosts_one_begin(struct hosts_one *one)
{
	struct lookups *lookups = one->job->resolver->lookups;

	one->pending = 3; /* itself too */
	one->addresses_secure = true;
	lookup_ask(lookups, one->host.name, DNS_AAAA, ADDRESS_MS, on_addresses, one);
	lookup_ask(lookups, one->host.name, DNS_A, ADDRESS_MS, on_addresses, one);
	addresses_step(one);
}
