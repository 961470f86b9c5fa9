/* SPDX-License-Identifier: ISC */
#include "directory/lookup_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/errors.h"
#include "directory/locator.h"

enum { ATTEMPTS_MAX = 4 }; /* both links of a dead server, then another server's */

struct lookup *lookup_new(const struct lookup_tools *tools)
{
	struct lookup *lookup = memory_new(sizeof(*lookup));

	lookup->tools = *tools;
	pthread_mutex_init(&lookup->mutex, NULL);
	thread_cond_init(&lookup->changed);
	thread_cond_init(&lookup->work);
	thread_start(&lookup->keeper, keeper_run, lookup);
	return lookup;
}

void lookup_free(struct lookup *lookup)
{
	if (!lookup)
		return;
	pthread_mutex_lock(&lookup->mutex);
	lookup->stop = true;
	pthread_cond_signal(&lookup->work);
	pthread_mutex_unlock(&lookup->mutex);
	pthread_join(lookup->keeper, NULL);
	pthread_mutex_lock(&lookup->mutex);
	for (size_t i = 0; i < LOOKUP_LINKS_MAX; i++)
		if (lookup->links[i])
			ldap_link_kill(lookup->links[i], "closing");
	while (lookup->readers > 0)
		pthread_cond_wait(&lookup->changed, &lookup->mutex);
	pthread_mutex_unlock(&lookup->mutex);
	pthread_cond_destroy(&lookup->changed);
	pthread_cond_destroy(&lookup->work);
	pthread_mutex_destroy(&lookup->mutex);
	free(lookup);
}

static struct link *least_loaded(struct lookup *lookup)
{
	struct link *best = NULL;

	for (size_t i = 0; i < LOOKUP_LINKS_MAX; i++) {
		struct link *link = lookup->links[i];

		if (link && ldap_link_is_usable(link) &&
		    (!best || ldap_link_load(link) < ldap_link_load(best)))
			best = link;
	}
	return best;
}

/* A link to search on, held, and `fixed` if that is one; NULL with the reason in *result. */
static struct link *acquire(struct lookup *lookup, struct link *fixed, int64_t deadline,
			    struct search_result *result)
{
	struct link *link = NULL;

	pthread_mutex_lock(&lookup->mutex);
	for (;;) {
		bool room = lookup->in_flight < lookup->tools.conf->lookups;

		if (room)
			link = fixed ? fixed : least_loaded(lookup);
		if (link || (room && lookup->outage))
			break;
		if (!thread_wait(&lookup->changed, &lookup->mutex, deadline))
			break;
	}
	if (link) {
		ldap_link_hold(link);
		lookup->in_flight++;
	}
	pthread_mutex_unlock(&lookup->mutex);
	if (!link)
		locator_reason(lookup->tools.locator, result->diagnostic,
			       sizeof(result->diagnostic));
	return link;
}

static void release(struct lookup *lookup, struct link *link)
{
	pthread_mutex_lock(&lookup->mutex);
	lookup->in_flight--;
	pthread_cond_signal(&lookup->changed);
	pthread_mutex_unlock(&lookup->mutex);
	ldap_link_release(link);
}

/* The server answered that it cannot: busy, unavailable, our bind is gone. */
static bool must_leave(struct lookup *lookup, struct link *link, const struct search_result *result)
{
	char why[SERVER_REASON_SIZE];

	if (!error_is_of_server(result->code))
		return false;
	snprintf(why, sizeof(why), "search answered with %s", ldap_err2string(result->code));
	locator_failed(lookup->tools.locator, CONNECTION_FOR_LOOKUPS, ldap_link_server(link), why);
	ldap_link_kill(link, why);
	return true;
}

/* LINK_LOST means: worth another attempt. */
static enum ldap_link_outcome attempt(struct lookup *lookup, struct link *fixed,
				      const struct search *search, int64_t deadline,
				      struct search_result *result)
{
	struct link *link = acquire(lookup, fixed, deadline, result);
	int64_t patience = clock_ms() + (int64_t)lookup->tools.conf->timeout * 1000;
	enum ldap_link_outcome outcome;

	if (!link)
		return LINK_SLOW;
	outcome = ldap_link_search(link, search, patience < deadline ? patience : deadline, result);
	if (outcome == LINK_ANSWERED && must_leave(lookup, link, result))
		outcome = LINK_LOST;
	if (outcome == LINK_SLOW)
		snprintf(result->diagnostic, sizeof(result->diagnostic), "no answer in time");
	release(lookup, link);
	return outcome;
}

/* A base of NULL is the directory's own, and then `facts` has to live as long. */
static bool set_base(struct lookup *lookup, struct search *search, int64_t deadline,
		     struct facts *facts, struct search_result *result)
{
	if (search->base)
		return true;
	if (lookup_facts(lookup, deadline, facts)) {
		search->base = facts->base;
		return true;
	}
	locator_reason(lookup->tools.locator, result->diagnostic, sizeof(result->diagnostic));
	return false;
}

bool lookup_search(struct lookup *lookup, const struct search *search, int64_t deadline,
		   struct search_result *result)
{
	struct search real = *search;
	struct facts facts = { 0 };
	enum ldap_link_outcome outcome = LINK_LOST;

	search_result_start(result, search);
	if (!set_base(lookup, &real, deadline, &facts, result))
		return false;
	for (int i = 0; i < ATTEMPTS_MAX && outcome == LINK_LOST; i++) {
		search_result_clear(result);
		outcome = attempt(lookup, NULL, &real, deadline, result);
	}
	return outcome == LINK_ANSWERED && search_succeeded(result);
}

bool lookup_chain_begin(struct lookup *lookup, int64_t deadline, struct lookup_chain *chain,
			char *why, size_t size)
{
	struct search_result result = { .code = LDAP_SERVER_DOWN };

	*chain = (struct lookup_chain){ lookup, acquire(lookup, NULL, deadline, &result) };
	if (!chain->link) {
		snprintf(why, size, "%s", result.diagnostic);
		return false;
	}
	ldap_link_hold(chain->link);
	release(lookup, chain->link);
	return true;
}

bool lookup_chain_search(struct lookup_chain *chain, const struct search *search, int64_t deadline,
			 struct search_result *result)
{
	struct search real = *search;
	struct facts facts = { 0 };

	search_result_start(result, search);
	return set_base(chain->lookup, &real, deadline, &facts, result) &&
	       attempt(chain->lookup, chain->link, &real, deadline, result) == LINK_ANSWERED &&
	       search_succeeded(result);
}

const char *lookup_chain_server(const struct lookup_chain *chain)
{
	return ldap_link_server(chain->link);
}

void lookup_chain_end(struct lookup_chain *chain)
{
	if (chain->link)
		ldap_link_release(chain->link);
	chain->link = NULL;
}

bool lookup_is_down(struct lookup *lookup)
{
	bool down;

	pthread_mutex_lock(&lookup->mutex);
	down = lookup->outage;
	pthread_mutex_unlock(&lookup->mutex);
	return down;
}

bool lookup_facts(struct lookup *lookup, int64_t deadline, struct facts *facts)
{
	bool known;

	pthread_mutex_lock(&lookup->mutex);
	while (!lookup->has_facts && !lookup->outage)
		if (!thread_wait(&lookup->changed, &lookup->mutex, deadline))
			break;
	known = lookup->has_facts;
	if (known)
		*facts = lookup->facts;
	pthread_mutex_unlock(&lookup->mutex);
	return known;
}
