/* SPDX-License-Identifier: ISC */
#include "directory/locator.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/srv.h"
#include "io/tls.h"

enum {
	LOCATOR_SERVERS_MAX = 64,
	REFRESH_MS = 5 * 60 * 1000, /* after a good answer */
	REFRESH_SOON_MS = 5 * 1000, /* after none */
};

struct locator {
	const struct conf_directory *conf;
	pthread_mutex_t mutex;
	struct server servers[LOCATOR_SERVERS_MAX];
	size_t count;
	char selected[SERVER_NAME_SIZE];
	char reason[SERVER_REASON_SIZE + SERVER_NAME_SIZE + 4];
	int64_t refresh; /* when DNS is to be asked again */
};

struct locator *locator_new(const struct conf_directory *conf, const char **why)
{
	struct locator *locator = memory_new(sizeof(*locator));

	locator->conf = conf;
	pthread_mutex_init(&locator->mutex, NULL);
	snprintf(locator->reason, sizeof(locator->reason), "no server tried yet");
	*why = "too many servers";
	for (size_t i = 0; i < conf->servers_count; i++) {
		struct server *server = &locator->servers[locator->count];

		if (locator->count == LOCATOR_SERVERS_MAX ||
		    !server_parse(conf->servers[i], server, why)) {
			locator_free(locator);
			return NULL;
		}
		server->rank = (unsigned)locator->count++;
	}
	return locator;
}

void locator_free(struct locator *locator)
{
	if (!locator)
		return;
	pthread_mutex_destroy(&locator->mutex);
	free(locator);
}

static struct server *find_server(struct locator *locator, const char *name)
{
	for (size_t i = 0; i < locator->count; i++)
		if (strcmp(locator->servers[i].name, name) == 0)
			return &locator->servers[i];
	return NULL;
}

static uint32_t random_below(uint32_t below)
{
	uint32_t number;

	random_bytes(&number, sizeof(number));
	return below ? number % below : 0;
}

static void adopt_record(struct locator *locator, const struct srv *record, unsigned rank)
{
	struct server fresh, *known;

	server_set(&fresh, record->host, record->port, false, rank);
	known = find_server(locator, fresh.name);
	if (known) {
		known->gone = false;
		known->rank = rank;
	} else if (locator->count < LOCATOR_SERVERS_MAX) {
		locator->servers[locator->count++] = fresh;
	}
}

/* Servers of one priority are as good as each other; the weighted draw says which comes first. */
static void adopt_records(struct locator *locator, const struct srv *records, size_t count)
{
	for (size_t i = 0; i < locator->count; i++)
		locator->servers[i].gone = true;
	for (size_t i = 0; i < count; i++)
		adopt_record(locator, &records[i], records[i].priority);
}

void locator_refresh(struct locator *locator)
{
	struct srv records[SRV_MAX];
	char name[300];
	const char *why = NULL;
	size_t count;

	if (locator->conf->servers_count > 0 || clock_ms() < locator->refresh)
		return;
	snprintf(name, sizeof(name), "_ldap._tcp.dc._msdcs.%s", locator->conf->domain);
	count = srv_query(name, records, &why);
	srv_order(records, count, random_below);
	pthread_mutex_lock(&locator->mutex);
	if (count > 0)
		adopt_records(locator, records, count);
	else
		snprintf(locator->reason, sizeof(locator->reason), "%s: %s", name, why);
	pthread_mutex_unlock(&locator->mutex);
	locator->refresh = clock_ms() + (count > 0 ? REFRESH_MS : REFRESH_SOON_MS);
	if (count == 0)
		log_warning("directory.discovery", LOG_TEXT("directory", locator->conf->name),
			    LOG_TEXT("query", name), LOG_TEXT("cause", why));
}

/*
 * Resolves the copy and keeps what was found in the original. The name server is
 * often a controller itself and down with it: the addresses of last time then do.
 */
static bool resolve_copy(struct locator *locator, struct server *server)
{
	struct dial_addresses known = server->addresses;
	struct server *original;
	const char *why;
	char reason[SERVER_REASON_SIZE];

	if (!dial_resolve(server->host, &server->addresses, &why)) {
		server->addresses = known;
		if (known.count > 0)
			return true;
		snprintf(reason, sizeof(reason), "name lookup: %s", why);
		locator_failed(locator, server->name, reason);
		return false;
	}
	pthread_mutex_lock(&locator->mutex);
	original = find_server(locator, server->name);
	if (original)
		original->addresses = server->addresses;
	pthread_mutex_unlock(&locator->mutex);
	return true;
}

bool locator_choose(struct locator *locator, int64_t now, struct server *server)
{
	for (;;) {
		pthread_mutex_lock(&locator->mutex);
		size_t index = server_choose(locator->servers, locator->count, now);
		bool found = index < locator->count;

		if (found)
			*server = locator->servers[index];
		pthread_mutex_unlock(&locator->mutex);
		if (!found)
			return false;
		if (resolve_copy(locator, server))
			return true;
	}
}

bool locator_better(struct locator *locator, struct server *server)
{
	bool found = false;

	pthread_mutex_lock(&locator->mutex);
	const struct server *selected = find_server(locator, locator->selected);

	for (size_t i = 0; selected && i < locator->count; i++) {
		const struct server *candidate = &locator->servers[i];

		if (!candidate->gone && (candidate->rank < selected->rank || selected->gone) &&
		    candidate != selected && (!found || candidate->rank < server->rank)) {
			*server = *candidate;
			found = true;
		}
	}
	pthread_mutex_unlock(&locator->mutex);
	return found && resolve_copy(locator, server);
}

int64_t locator_next_try(struct locator *locator)
{
	int64_t next = clock_ms() + REFRESH_SOON_MS;

	pthread_mutex_lock(&locator->mutex);
	for (size_t i = 0; i < locator->count; i++)
		if (!locator->servers[i].gone && locator->servers[i].retry < next)
			next = locator->servers[i].retry;
	pthread_mutex_unlock(&locator->mutex);
	return next;
}

void locator_failed(struct locator *locator, const char *name, const char *reason)
{
	bool news = false;

	pthread_mutex_lock(&locator->mutex);
	struct server *server = find_server(locator, name);

	if (server)
		news = server_failed(server, reason, clock_ms());
	snprintf(locator->reason, sizeof(locator->reason), "%s: %s", name, reason);
	pthread_mutex_unlock(&locator->mutex);
	if (news)
		log_warning("directory.server", LOG_TEXT("directory", locator->conf->name),
			    LOG_TEXT("server", name), LOG_TEXT("state", "down"),
			    LOG_TEXT("cause", reason));
}

void locator_succeeded(struct locator *locator, const struct server *server)
{
	bool news = false;

	pthread_mutex_lock(&locator->mutex);
	struct server *original = find_server(locator, server->name);

	if (original)
		news = server_succeeded(original);
	pthread_mutex_unlock(&locator->mutex);
	if (news)
		log_info("directory.server", LOG_TEXT("directory", locator->conf->name),
			 LOG_TEXT("server", server->name), LOG_TEXT("state", "up"));
}

void locator_select(struct locator *locator, const char *name)
{
	bool news;

	pthread_mutex_lock(&locator->mutex);
	news = strcmp(locator->selected, name) != 0;
	snprintf(locator->selected, sizeof(locator->selected), "%s", name);
	pthread_mutex_unlock(&locator->mutex);
	if (news)
		log_info("directory.server", LOG_TEXT("directory", locator->conf->name),
			 LOG_TEXT("server", name), LOG_TEXT("state", "selected"));
}

bool locator_selected(struct locator *locator, struct server *server)
{
	pthread_mutex_lock(&locator->mutex);
	const struct server *selected = find_server(locator, locator->selected);

	if (selected)
		*server = *selected;
	pthread_mutex_unlock(&locator->mutex);
	return selected != NULL;
}

void locator_reason(struct locator *locator, char *to, size_t size)
{
	pthread_mutex_lock(&locator->mutex);
	snprintf(to, size, "%s", locator->reason);
	pthread_mutex_unlock(&locator->mutex);
}
