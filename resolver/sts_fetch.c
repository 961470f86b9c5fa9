/* SPDX-License-Identifier: ISC */
#include "resolver/sts_fetch.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "resolver/fetch.h"
#include "resolver/dns_lookup.h"

enum { UNDER_WAY_MAX = 500, ADDRESS_MS = 10000, ADDRESSES_MAX = 16 };

struct waiter {
	sts_answer answer;
	void *context;
	struct waiter *next;
};

struct under_way {
	struct sts_fetches *all;
	char domain[DNS_NAME_SIZE], id[STS_ID_SIZE], host[DNS_NAME_SIZE];
	unsigned pending; /* lookups of addresses */
	unsigned count;
	struct buffer addresses; /* numeric, with commas */
	struct waiter *waiters;
	struct under_way *next;
};

struct sts_fetches {
	struct lookups *lookups;
	struct fetches *fetches;
	sts_fetched fetched;
	void *context;
	struct under_way *first;
	unsigned count;
};

static void unlink_fetch(struct under_way *fetch)
{
	struct under_way **place = &fetch->all->first;

	while (*place != fetch)
		place = &(*place)->next;
	*place = fetch->next;
	fetch->all->count--;
}

/* policy: held by the caller. */
static void fetch_over(struct under_way *fetch, struct sts_kept *policy, const char *why)
{
	unlink_fetch(fetch);
	if (!policy)
		log_warning("sts.failed", LOG_TEXT("domain", fetch->domain), LOG_TEXT("why", why));
	fetch->all->fetched(fetch->all->context, fetch->domain, fetch->id, policy);
	for (struct waiter *waiter = fetch->waiters, *next; waiter; waiter = next) {
		next = waiter->next;
		waiter->answer(waiter->context, policy);
		free(waiter);
	}
	buffer_clear(&fetch->addresses);
	free(fetch);
}

static void on_policy(void *context, struct span body, const char *why)
{
	struct under_way *fetch = context;
	struct sts_kept *policy;

	if (!body.at) {
		fetch_over(fetch, NULL, why);
		return;
	}
	policy = memory_new(sizeof *policy);
	policy->holders = 1;
	policy->fetched = clock_ms();
	memcpy(policy->id, fetch->id, sizeof policy->id);
	if (sts_policy_parse(body, &policy->rules))
		fetch_over(fetch, policy, "");
	else
		fetch_over(fetch, NULL, "the policy is malformed");
	sts_kept_release(policy);
}

static void addresses_done(struct under_way *fetch)
{
	if (--fetch->pending > 0)
		return;
	if (fetch->count == 0) {
		fetch_over(fetch, NULL, "the policy host has no address");
		return;
	}
	buffer_add(&fetch->addresses, "", 1);
	fetch_policy(fetch->all->fetches, fetch->host, buffer_bytes(&fetch->addresses), on_policy,
		     fetch);
}

static void on_addresses(void *context, const struct lookup_result *result)
{
	struct under_way *fetch = context;

	for (size_t i = 0; result->outcome == LOOKUP_FOUND && i < result->answer.count; i++) {
		struct span data = result->answer.records[i].data;
		char text[INET6_ADDRSTRLEN];

		if (fetch->count == ADDRESSES_MAX ||
		    !inet_ntop(data.length == 4 ? AF_INET : AF_INET6, data.at, text, sizeof text))
			break;
		buffer_add_format(&fetch->addresses, data.length == 4 ? "%s%s" : "%s[%s]",
				  fetch->count ? "," : "", text);
		fetch->count++;
	}
	addresses_done(fetch);
}

static struct under_way *fetch_find(const struct sts_fetches *fetches, const char *domain)
{
	struct under_way *fetch = fetches->first;

	while (fetch && strcmp(fetch->domain, domain) != 0)
		fetch = fetch->next;
	return fetch;
}

static void fetch_await(struct under_way *fetch, sts_answer answer, void *context)
{
	struct waiter *waiter;

	if (!answer)
		return;
	waiter = memory_new(sizeof *waiter);
	*waiter = (struct waiter){ answer, context, fetch->waiters };
	fetch->waiters = waiter;
}

static void fetch_begin(struct under_way *fetch)
{
	struct lookups *lookups = fetch->all->lookups;

	fetch->pending = 3; /* itself too: answers may come at once */
	lookup_ask(lookups, fetch->host, DNS_A, ADDRESS_MS, on_addresses, fetch);
	lookup_ask(lookups, fetch->host, DNS_AAAA, ADDRESS_MS, on_addresses, fetch);
	addresses_done(fetch);
}

void sts_fetch(struct sts_fetches *fetches, const char *domain, const char *id, sts_answer answer,
	       void *context)
{
	struct under_way *fetch = fetch_find(fetches, domain);
	int length;

	if (fetch) {
		fetch_await(fetch, answer, context);
		return;
	}
	if (fetches->count == UNDER_WAY_MAX) {
		if (answer)
			answer(context, NULL);
		return;
	}
	fetch = memory_new(sizeof *fetch);
	fetch->all = fetches;
	snprintf(fetch->domain, sizeof fetch->domain, "%s", domain);
	snprintf(fetch->id, sizeof fetch->id, "%s", id);
	length = snprintf(fetch->host, sizeof fetch->host, "mta-sts.%s", domain);
	fetch->next = fetches->first;
	fetches->first = fetch;
	fetches->count++;
	fetch_await(fetch, answer, context);
	if ((size_t)length < sizeof fetch->host)
		fetch_begin(fetch);
	else
		fetch_over(fetch, NULL, "the name of the policy host is too long");
}

struct sts_fetches *sts_fetches_new(struct lookups *lookups, struct fetches *fetches,
				    sts_fetched fetched, void *context)
{
	struct sts_fetches *all = memory_new(sizeof *all);

	*all = (struct sts_fetches){ lookups, fetches, fetched, context, NULL, 0 };
	return all;
}
