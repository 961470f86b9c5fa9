/* SPDX-License-Identifier: ISC */
/*
 * The thread that finds out about servers: which the DNS names, where they are, which
 * site we are in, how far they are. It alone waits for name servers, so that nobody
 * whose mail is in the door does.
 */
#include "directory/locator_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/ping.h"
#include "directory/srv.h"
#include "io/tls.h"

enum {
	ROUND_MS = 60 * 1000,   /* from one measuring to the next */
	DNS_MS = 5 * 60 * 1000, /* after a good answer */
	DNS_SOON_MS = 5 * 1000, /* after none */
	PING_MS = 1000,
	PING_PORT = 389,
	LEARN_MAX = 2, /* a second look with the site that the first one taught */
};

struct finding {
	struct srv records[SRV_MAX];
	size_t count;
};

static uint32_t random_below(uint32_t below)
{
	uint32_t number;

	random_bytes(&number, sizeof(number));
	return below ? number % below : 0;
}

/* The mutex is held. A slot: a free one, or that of a server the DNS has long forgotten. */
static struct server *new_slot(struct locator *locator)
{
	if (locator->count < LOCATOR_SERVERS_MAX)
		return &locator->servers[locator->count++];
	for (size_t i = 0; i < locator->count; i++)
		if (locator->servers[i].gone &&
		    strcmp(locator->servers[i].name, locator->selected) != 0)
			return &locator->servers[i];
	return NULL;
}

/* The mutex is held. */
static void adopt_record(struct locator *locator, const struct srv *record, enum server_tier tier)
{
	struct server fresh, *server;

	server_set(&fresh, record->host, record->port, false, record->priority);
	server = locator_find(locator, fresh.name);
	if (!server) {
		server = new_slot(locator);
		if (!server)
			return;
		*server = fresh;
	} else if (!server->gone && server->tier <= tier) {
		return; /* in the site's list and in that of all: the first counts */
	}
	server->gone = false;
	server->tier = tier;
	server->priority = record->priority;
	server->weight = record->weight;
}

/* The mutex is held. Those that the site's own list does not have, by what they say of themselves.
 */
static void judge_tiers(struct locator *locator)
{
	for (size_t i = 0; i < locator->count; i++) {
		struct server *server = &locator->servers[i];

		if (server->tier == SERVER_OWN_SITE || !server->site[0])
			continue;
		if (strcasecmp(server->site, locator->site) == 0)
			server->tier = SERVER_OWN_SITE;
		else if (strcasecmp(server->site, locator->next_site) == 0)
			server->tier = SERVER_NEXT_SITE;
	}
}

/* The mutex is held. */
static void arrange(struct locator *locator)
{
	judge_tiers(locator);
	server_draw(locator->servers, locator->count, random_below);
	server_rank(locator->servers, locator->count);
}

static void adopt(struct locator *locator, const struct finding *near, const struct finding *all)
{
	pthread_mutex_lock(&locator->mutex);
	for (size_t i = 0; i < locator->count; i++)
		locator->servers[i].gone = true;
	for (size_t i = 0; i < near->count; i++)
		adopt_record(locator, &near->records[i], SERVER_OWN_SITE);
	for (size_t i = 0; i < all->count; i++)
		adopt_record(locator, &all->records[i], SERVER_ELSEWHERE);
	arrange(locator);
	pthread_mutex_unlock(&locator->mutex);
}

static void tell_failure(struct locator *locator, const char *name, const char *why)
{
	pthread_mutex_lock(&locator->mutex);
	if (locator->count == 0)
		snprintf(locator->reason, sizeof(locator->reason), "%s: %s", name, why);
	pthread_mutex_unlock(&locator->mutex);
	log_warning("directory.discovery", LOG_TEXT("directory", locator->conf->name),
		    LOG_TEXT("query", name), LOG_TEXT("cause", why));
}

/*
 * The name that TLS will insist on comes from the DNS, which may lie; a name inside the
 * domain at least is one that nobody else gets a certificate for.
 */
static bool is_inside(const char *host, const char *domain)
{
	size_t length = strlen(host), end = strlen(domain);

	return length >= end && strcasecmp(host + length - end, domain) == 0 &&
	       (length == end || host[length - end - 1] == '.');
}

static void drop_strangers(struct locator *locator, const char *name, struct finding *finding)
{
	size_t kept = 0;

	for (size_t i = 0; i < finding->count; i++) {
		const struct srv *record = &finding->records[i];

		if (is_inside(record->host, locator->conf->domain)) {
			finding->records[kept++] = *record;
			continue;
		}
		log_warning("directory.discovery", LOG_TEXT("directory", locator->conf->name),
			    LOG_TEXT("query", name), LOG_TEXT("host", record->host),
			    LOG_TEXT("cause", "outside the domain, not believed: if it is right, "
					      "list it in servers"));
	}
	finding->count = kept;
}

/* Asks for all, and for the site's own. When the DNS has no answer, what is known stays. */
static bool discover(struct locator *locator)
{
	const struct conf_directory *conf = locator->conf;
	struct finding near = { .count = 0 }, all = { .count = 0 };
	char name[SRV_HOST_SIZE], site[SERVER_SITE_SIZE];
	const char *why = "the name is too long";
	bool ad = conf->schema.active_directory;

	locator_site(locator, site);
	if (srv_name(locator->service, conf->domain, "", ad, name))
		all.count = srv_query(name, all.records, &why);
	if (all.count == 0)
		tell_failure(locator, name, why);
	drop_strangers(locator, name, &all);
	if (ad && site[0] && srv_name(locator->service, conf->domain, site, ad, name))
		near.count = srv_query(name, near.records, &why);
	drop_strangers(locator, name, &near);
	if (all.count + near.count == 0)
		return false;
	adopt(locator, &near, &all);
	return true;
}

/* Copies of those that count, for work without the lock. The caller frees. */
static struct server *copy_servers(struct locator *locator, size_t *count)
{
	struct server *copies = memory_array(LOCATOR_SERVERS_MAX, sizeof(*copies));

	*count = 0;
	pthread_mutex_lock(&locator->mutex);
	for (size_t i = 0; i < locator->count; i++)
		if (!locator->servers[i].gone)
			copies[(*count)++] = locator->servers[i];
	pthread_mutex_unlock(&locator->mutex);
	return copies;
}

static void resolve_all(struct locator *locator, struct server *copies, size_t count)
{
	for (size_t i = 0; i < count && !locator->stop; i++)
		(void)locator_resolve(locator, &copies[i]);
}

static void ping_servers(struct locator *locator, const struct server *copies, size_t count)
{
	struct ping *pings = memory_array(count, sizeof(*pings));

	for (size_t i = 0; i < count; i++)
		pings[i] = (struct ping){ .addresses = &copies[i].addresses, .port = PING_PORT };
	ping_all(pings, count, locator->conf->domain, PING_MS);
	for (size_t i = 0; i < count; i++) {
		if (!pings[i].answered ||
		    strcasecmp(pings[i].netlogon.dns_domain, locator->conf->domain) != 0)
			continue;
		locator_measured(locator, copies[i].name, pings[i].latency);
		(void)locator_told(locator, copies[i].name, &pings[i].netlogon);
	}
	free(pings);
}

static void measure(struct locator *locator)
{
	size_t count;
	struct server *copies = copy_servers(locator, &count);

	resolve_all(locator, copies, count);
	if (locator->conf->schema.active_directory && locator->conf->domain[0] && !locator->stop)
		ping_servers(locator, copies, count);
	free(copies);
	pthread_mutex_lock(&locator->mutex);
	arrange(locator);
	pthread_mutex_unlock(&locator->mutex);
}

/* True when a site was learnt since: there is a better list to ask for. */
static bool has_learnt(struct locator *locator)
{
	bool hurry;

	pthread_mutex_lock(&locator->mutex);
	hurry = locator->hurry;
	locator->hurry = false;
	pthread_mutex_unlock(&locator->mutex);
	return hurry;
}

static void sleep_until(struct locator *locator, int64_t deadline)
{
	pthread_mutex_lock(&locator->mutex);
	locator->explored = true;
	pthread_cond_broadcast(&locator->changed);
	while (!locator->stop && !locator->hurry &&
	       thread_wait(&locator->changed, &locator->mutex, deadline))
		;
	pthread_mutex_unlock(&locator->mutex);
}

void *scout_run(void *context)
{
	struct locator *locator = context;
	bool searches = locator->conf->servers_count == 0;
	int64_t ask = 0; /* when the DNS is to be asked again */

	while (!locator->stop) {
		for (int turn = 0; turn < LEARN_MAX && !locator->stop; turn++) {
			bool learnt = has_learnt(locator);

			if (turn > 0 && !learnt)
				break;
			if (searches && (learnt || clock_ms() >= ask))
				ask = clock_ms() + (discover(locator) ? DNS_MS : DNS_SOON_MS);
			measure(locator);
		}
		int64_t next = clock_ms() + ROUND_MS;

		sleep_until(locator, searches && ask < next ? ask : next);
	}
	return NULL;
}
