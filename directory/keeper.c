/* SPDX-License-Identifier: ISC */
#include "directory/lookup_private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "directory/locator.h"

enum {
	KEEPER_TURN_MS = 1000,
	CONNECT_MS_MAX = 8000,
	PROBE_MS_MAX = 3000,
	EXPLORE_MS = 8000, /* for DNS and pings at the start */
	LEARNT_MS = 3000,
};

static void empty_slot(struct lookup *lookup, struct link *link)
{
	for (size_t i = 0; i < LOOKUP_LINKS_MAX; i++)
		if (lookup->links[i] == link)
			lookup->links[i] = NULL;
}

/* A server that froze has frozen on its other links too: nobody else need find out. */
static void kill_siblings(struct lookup *lookup, const char *server, const char *why)
{
	for (size_t i = 0; i < LOOKUP_LINKS_MAX; i++)
		if (lookup->links[i] && strcmp(ldap_link_server(lookup->links[i]), server) == 0)
			ldap_link_kill(lookup->links[i], why);
}

static void ldap_link_has_ended(void *context, struct link *link, const char *why, bool frozen)
{
	struct lookup *lookup = context;

	if (why && frozen)
		locator_failed(lookup->tools.locator, CONNECTION_FOR_LOOKUPS,
			       ldap_link_server(link), why);
	if (why && !lookup->stop)
		log_info("directory.connection", LOG_TEXT("directory", lookup->tools.conf->name),
			 LOG_TEXT("server", ldap_link_server(link)), LOG_TEXT("state", "lost"),
			 LOG_TEXT("cause", why));
	pthread_mutex_lock(&lookup->mutex);
	empty_slot(lookup, link);
	if (frozen)
		kill_siblings(lookup, ldap_link_server(link), why);
	lookup->wake = true;
	pthread_cond_signal(&lookup->work);
	pthread_mutex_unlock(&lookup->mutex);
	ldap_link_release(link);
	pthread_mutex_lock(&lookup->mutex);
	lookup->readers--;
	pthread_cond_broadcast(&lookup->changed);
	pthread_mutex_unlock(&lookup->mutex);
}

static int64_t patience(const struct lookup *lookup, int64_t most)
{
	int64_t wanted = (int64_t)lookup->tools.conf->timeout * 1000;

	return clock_ms() + (wanted < most ? wanted : most);
}

static bool make_connection(struct lookup *lookup, const struct server *server, int64_t deadline,
			    struct connection *connection, struct facts *facts,
			    char why[CONNECTION_TEXT_SIZE])
{
	const struct lookup_tools *tools = &lookup->tools;

	if (!connection_open(connection, tools->conf, server, CONNECTION_FOR_LOOKUPS,
			     tools->watchdog, deadline, why))
		return false;
	if (connection_bind_service(connection, tools->conf, tools->credentials, tools->password,
				    deadline, why) &&
	    facts_load(connection, tools->conf, deadline, facts, why, CONNECTION_TEXT_SIZE))
		return true;
	connection_close(connection);
	return false;
}

static void add_link(struct lookup *lookup, const struct connection *connection,
		     const struct facts *facts)
{
	bool ended_outage;

	pthread_mutex_lock(&lookup->mutex);
	for (size_t i = 0; i < LOOKUP_LINKS_MAX; i++) {
		if (!lookup->links[i]) {
			lookup->links[i] = ldap_link_new(connection, ldap_link_has_ended, lookup);
			lookup->readers++;
			break;
		}
	}
	ended_outage = lookup->outage;
	lookup->outage = false;
	lookup->facts = *facts;
	lookup->has_facts = true;
	pthread_cond_broadcast(&lookup->changed);
	pthread_mutex_unlock(&lookup->mutex);
	if (ended_outage)
		log_info("directory.outage", LOG_TEXT("directory", lookup->tools.conf->name),
			 LOG_TEXT("state", "end"));
}

static bool connect_to(struct lookup *lookup, const struct server *server, int64_t most)
{
	struct locator *locator = lookup->tools.locator;
	struct connection connection;
	struct facts facts;
	char why[CONNECTION_TEXT_SIZE];

	if (!make_connection(lookup, server, patience(lookup, most), &connection, &facts, why)) {
		locator_failed(locator, CONNECTION_FOR_LOOKUPS, server->name, why);
		return false;
	}
	locator_succeeded(locator, CONNECTION_FOR_LOOKUPS, server->name);
	locator_measured(locator, server->name, connection.latency);
	/* Now that our site is known there may be a nearer server: look as soon as it is found. */
	if (facts.has_netlogon && locator_told(locator, server->name, &facts.netlogon))
		lookup->probe = clock_ms() + LEARNT_MS;
	locator_select(locator, server->name);
	add_link(lookup, &connection, &facts);
	return true;
}

struct stock {
	size_t usable, ending, slots_free;
	int64_t oldest_born; /* of those; INT64_MAX without any */
};

static struct stock take_stock(struct lookup *lookup)
{
	struct stock stock = { .oldest_born = INT64_MAX };

	for (size_t i = 0; i < LOOKUP_LINKS_MAX; i++) {
		struct link *link = lookup->links[i];

		stock.slots_free += !link;
		stock.ending += link && !ldap_link_is_usable(link);
		if (!link || !ldap_link_is_usable(link))
			continue;
		stock.usable++;
		if (ldap_link_born(link) < stock.oldest_born)
			stock.oldest_born = ldap_link_born(link);
	}
	return stock;
}

static void begin_outage(struct lookup *lookup)
{
	char why[300];
	bool begins;

	pthread_mutex_lock(&lookup->mutex);
	begins = !lookup->outage;
	lookup->outage = true;
	pthread_cond_broadcast(&lookup->changed);
	pthread_mutex_unlock(&lookup->mutex);
	if (!begins)
		return;
	locator_reason(lookup->tools.locator, why, sizeof(why));
	log_error("directory.outage", LOG_TEXT("directory", lookup->tools.conf->name),
		  LOG_TEXT("state", "begin"), LOG_TEXT("cause", why));
}

/* No link at all: any server that may be tried, one after the other. */
static void connect_first(struct lookup *lookup)
{
	struct server server;
	int64_t now;

	locator_wait(lookup->tools.locator, clock_ms() + EXPLORE_MS);
	now = clock_ms(); /* one that fails gets a later time: each has one try a round */
	while (locator_choose(lookup->tools.locator, now, &server))
		if (connect_to(lookup, &server, CONNECT_MS_MAX))
			return;
	begin_outage(lookup);
}

/* One more to the server in use; if that fails, the link there is must do for a while. */
static void connect_more(struct lookup *lookup)
{
	struct server server;

	if (locator_selected(lookup->tools.locator, &server) &&
	    breaker_admits(&server.breakers[CONNECTION_FOR_LOOKUPS], clock_ms()))
		(void)connect_to(lookup, &server, CONNECT_MS_MAX);
}

/* Retires usable links that are too old, or not of the selected server. */
static void retire_links(struct lookup *lookup, int64_t born_before, const char *keep_server)
{
	pthread_mutex_lock(&lookup->mutex);
	for (size_t i = 0; i < LOOKUP_LINKS_MAX; i++) {
		struct link *link = lookup->links[i];

		if (link && ldap_link_is_usable(link) &&
		    (ldap_link_born(link) <= born_before ||
		     (keep_server && strcmp(ldap_link_server(link), keep_server) != 0)))
			ldap_link_retire(link);
	}
	pthread_mutex_unlock(&lookup->mutex);
}

/* Something ended meanwhile, or all shall. */
static bool is_called(struct lookup *lookup)
{
	bool called;

	pthread_mutex_lock(&lookup->mutex);
	called = lookup->wake || lookup->stop;
	pthread_mutex_unlock(&lookup->mutex);
	return called;
}

static void probe_preferred(struct lookup *lookup)
{
	struct server server;
	int64_t now = clock_ms();

	if (now < lookup->probe)
		return;
	lookup->probe = now + (int64_t)lookup->tools.conf->retry_preferred * 1000;
	/* One that is down for long must not hide the next; what is in use must not be forgotten.
	 */
	while (!is_called(lookup) && locator_better(lookup->tools.locator, now, &server)) {
		if (!connect_to(lookup, &server, PROBE_MS_MAX))
			continue;
		retire_links(lookup, INT64_MIN, server.name);
		return;
	}
}

static struct stock count_links(struct lookup *lookup)
{
	struct stock stock;

	pthread_mutex_lock(&lookup->mutex);
	stock = take_stock(lookup);
	pthread_mutex_unlock(&lookup->mutex);
	return stock;
}

static void recycle(struct lookup *lookup)
{
	struct stock stock = count_links(lookup);
	int64_t limit = clock_ms() - (int64_t)lookup->tools.conf->recycle * 1000;
	struct server server;

	if (stock.oldest_born > limit || stock.slots_free == 0)
		return;
	/* First the new one, so that nobody waits; if it cannot be had the old one goes all the
	 * same. */
	if (locator_selected(lookup->tools.locator, &server))
		(void)connect_to(lookup, &server, CONNECT_MS_MAX);
	retire_links(lookup, limit, NULL);
}

static void keep(struct lookup *lookup)
{
	struct stock stock = count_links(lookup);

	if (stock.usable == 0) {
		connect_first(lookup);
		stock = count_links(lookup);
	}
	/* One that is ending may be about to tell that the server froze: better not to go there
	 * now. */
	if (stock.usable > 0 && stock.usable < LOOKUP_LINKS && stock.ending == 0)
		connect_more(lookup);
	recycle(lookup);
	probe_preferred(lookup);
}

/* How long the keeper may sleep: until a server may be tried again, or a turn. */
static int64_t next_turn(struct lookup *lookup)
{
	int64_t turn = clock_ms() + KEEPER_TURN_MS;
	int64_t retry = locator_next_try(lookup->tools.locator);

	return retry < turn ? retry : turn;
}

/* False when it is time to stop. */
static bool keeper_sleep(struct lookup *lookup)
{
	/* A server that may be tried is no reason to hurry while there are links. */
	int64_t until =
		count_links(lookup).usable ? clock_ms() + KEEPER_TURN_MS : next_turn(lookup);
	bool more;

	pthread_mutex_lock(&lookup->mutex);
	while (!lookup->stop && !lookup->wake)
		if (!thread_wait(&lookup->work, &lookup->mutex, until))
			break;
	lookup->wake = false;
	more = !lookup->stop;
	pthread_mutex_unlock(&lookup->mutex);
	return more;
}

void *keeper_run(void *context)
{
	struct lookup *lookup = context;

	lookup->probe = clock_ms() + (int64_t)lookup->tools.conf->retry_preferred * 1000;
	do
		keep(lookup);
	while (keeper_sleep(lookup));
	return NULL;
}
