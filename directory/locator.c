/* SPDX-License-Identifier: ISC */
#include "directory/locator_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "conf/conf.h"

enum {
	TURN_MS = 5 * 1000,   /* when nothing says how long to wait */
	PROBE_MS = 30 * 1000, /* a password check takes 18 s at most */
};

struct locator *locator_new(const struct conf_directory *conf, const char **why)
{
	struct locator *locator = memory_new(sizeof(*locator));

	locator->conf = conf;
	pthread_mutex_init(&locator->mutex, NULL);
	thread_cond_init(&locator->changed);
	snprintf(locator->site, sizeof(locator->site), "%s", conf->site);
	snprintf(locator->reason, sizeof(locator->reason), "no server tried yet");
	*why = "too many servers";
	for (size_t i = 0; i < conf->servers_count; i++) {
		struct server *server = &locator->servers[locator->count];

		if (locator->count == LOCATOR_SERVERS_MAX ||
		    !server_parse(conf->servers[i], server, why)) {
			locator_free(locator);
			return NULL;
		}
		server->priority = (unsigned)locator->count++;
	}
	return locator;
}

void locator_serve(struct locator *locator, enum srv_service service)
{
	locator->service = service;
}

void locator_start(struct locator *locator)
{
	locator->running = true;
	thread_start(&locator->scout, scout_run, locator);
}

void locator_free(struct locator *locator)
{
	if (!locator)
		return;
	if (locator->running) {
		pthread_mutex_lock(&locator->mutex);
		locator->stop = true;
		pthread_cond_broadcast(&locator->changed);
		pthread_mutex_unlock(&locator->mutex);
		pthread_join(locator->scout, NULL);
	}
	pthread_cond_destroy(&locator->changed);
	pthread_mutex_destroy(&locator->mutex);
	free(locator);
}

void locator_wait(struct locator *locator, int64_t deadline)
{
	pthread_mutex_lock(&locator->mutex);
	while (!locator->explored && !locator->stop &&
	       thread_wait(&locator->changed, &locator->mutex, deadline))
		;
	pthread_mutex_unlock(&locator->mutex);
}

struct server *locator_find(struct locator *locator, const char *name)
{
	for (size_t i = 0; i < locator->count; i++)
		if (strcmp(locator->servers[i].name, name) == 0)
			return &locator->servers[i];
	return NULL;
}

/*
 * Keeps in the original what was found for the copy. The name server is often a
 * controller itself and down with it: the addresses of last time then do.
 */
bool locator_resolve(struct locator *locator, struct server *copy)
{
	struct dial_addresses known = copy->addresses;
	struct server *original;
	const char *why;
	char reason[SERVER_REASON_SIZE];

	if (known.count > 0 && clock_ms() - copy->resolved < LOCATOR_STALE_MS)
		return true;
	if (!dial_resolve(copy->host, &copy->addresses, &why)) {
		copy->addresses = known;
		if (known.count > 0)
			return true;
		snprintf(reason, sizeof(reason), "name lookup: %s", why);
		locator_failed(locator, CONNECTION_FOR_LOOKUPS, copy->name, reason);
		return false;
	}
	copy->resolved = clock_ms();
	pthread_mutex_lock(&locator->mutex);
	original = locator_find(locator, copy->name);
	if (original) {
		original->addresses = copy->addresses;
		original->resolved = copy->resolved;
	}
	pthread_mutex_unlock(&locator->mutex);
	return true;
}

/* The mutex is held. NULL, or the server, entered. */
static struct server *choose(struct locator *locator, enum connection_use use, const char *but_not,
			     int64_t now)
{
	size_t index = server_choose(locator->servers, locator->count, use, but_not, now);
	struct server *server = index < locator->count ? &locator->servers[index] : NULL;

	if (server)
		breaker_enter(&server->breakers[use], clock_ms(), PROBE_MS);
	return server;
}

bool locator_choose(struct locator *locator, int64_t now, struct server *server)
{
	for (;;) {
		const struct server *found;

		pthread_mutex_lock(&locator->mutex);
		found = choose(locator, CONNECTION_FOR_LOOKUPS, NULL, now);
		if (found)
			*server = *found;
		pthread_mutex_unlock(&locator->mutex);
		if (!found)
			return false;
		if (locator_resolve(locator, server))
			return true;
	}
}

/*
 * The mutex is held. The one that lookups use, while passwords may go there; one that
 * was left alone for its pause gets this password as the probe.
 */
static struct server *choose_selected(struct locator *locator, const char *but_not)
{
	struct server *server = locator_find(locator, locator->selected);
	struct breaker *breaker;

	if (!server || (but_not && strcmp(server->name, but_not) == 0) ||
	    server->breakers[CONNECTION_FOR_LOOKUPS].state != BREAKER_CLOSED)
		return NULL;
	breaker = &server->breakers[CONNECTION_FOR_PASSWORDS];
	/* Nobody's login may fail again and again for a probe's sake. */
	breaker->longest = (int64_t)locator->conf->retry_preferred * 1000;
	if (!breaker_admits(breaker, clock_ms()))
		return NULL;
	breaker_enter(breaker, clock_ms(), PROBE_MS);
	return server;
}

bool locator_choose_password(struct locator *locator, const char *but_not, struct server *server)
{
	const struct server *found;

	pthread_mutex_lock(&locator->mutex);
	found = choose_selected(locator, but_not);
	if (!found)
		found = choose(locator, CONNECTION_FOR_PASSWORDS, but_not, clock_ms());
	/* All are left alone just now: to ask costs less than to turn somebody away. */
	if (!found)
		found = choose(locator, CONNECTION_FOR_PASSWORDS, but_not, INT64_MAX);
	if (found)
		*server = *found;
	pthread_mutex_unlock(&locator->mutex);
	return found != NULL;
}

/* The mutex is held. */
static struct server *find_better(struct locator *locator, int64_t now)
{
	const struct server *selected = locator_find(locator, locator->selected);
	struct server *best = NULL;

	for (size_t i = 0; selected && i < locator->count; i++) {
		struct server *candidate = &locator->servers[i];

		if (candidate == selected || candidate->gone ||
		    !breaker_admits(&candidate->breakers[CONNECTION_FOR_LOOKUPS], now) ||
		    !(selected->gone || server_is_preferred(candidate, selected)) ||
		    (best && !server_is_preferred(candidate, best)))
			continue;
		best = candidate;
	}
	return best;
}

bool locator_better(struct locator *locator, int64_t now, struct server *server)
{
	struct server *found;

	pthread_mutex_lock(&locator->mutex);
	found = find_better(locator, now);
	if (found) {
		breaker_enter(&found->breakers[CONNECTION_FOR_LOOKUPS], clock_ms(), PROBE_MS);
		*server = *found;
	}
	pthread_mutex_unlock(&locator->mutex);
	return found && locator_resolve(locator, server);
}

int64_t locator_next_try(struct locator *locator)
{
	int64_t next = clock_ms() + TURN_MS;

	pthread_mutex_lock(&locator->mutex);
	for (size_t i = 0; i < locator->count; i++) {
		const struct server *server = &locator->servers[i];
		int64_t retry = server->breakers[CONNECTION_FOR_LOOKUPS].retry;

		if (!server->gone && retry < next)
			next = retry;
	}
	pthread_mutex_unlock(&locator->mutex);
	return next;
}
