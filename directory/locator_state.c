/* SPDX-License-Identifier: ISC */
/* What others tell the locator of servers, and what it tells of them. */
#include "directory/locator_private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"

static const char *use_name(enum connection_use use)
{
	return use == CONNECTION_FOR_PASSWORDS ? "passwords" : "lookups";
}

void locator_failed(struct locator *locator, enum connection_use use, const char *name,
		    const char *reason)
{
	bool news = false;

	pthread_mutex_lock(&locator->mutex);
	struct server *server = locator_find(locator, name);

	if (server)
		news = breaker_failed(&server->breakers[use], reason, clock_ms());
	if (use == CONNECTION_FOR_LOOKUPS)
		snprintf(locator->reason, sizeof(locator->reason), "%s: %s", name, reason);
	pthread_mutex_unlock(&locator->mutex);
	if (news)
		log_warning("directory.server", LOG_TEXT("directory", locator->conf->name),
			    LOG_TEXT("server", name), LOG_TEXT("state", "down"),
			    LOG_TEXT("for", use_name(use)), LOG_TEXT("cause", reason));
}

void locator_succeeded(struct locator *locator, enum connection_use use, const char *name)
{
	bool news = false;

	pthread_mutex_lock(&locator->mutex);
	struct server *server = locator_find(locator, name);

	if (server)
		news = breaker_succeeded(&server->breakers[use]);
	pthread_mutex_unlock(&locator->mutex);
	if (news)
		log_info("directory.server", LOG_TEXT("directory", locator->conf->name),
			 LOG_TEXT("server", name), LOG_TEXT("state", "up"),
			 LOG_TEXT("for", use_name(use)));
}

void locator_measured(struct locator *locator, const char *name, int64_t latency)
{
	pthread_mutex_lock(&locator->mutex);
	struct server *server = locator_find(locator, name);

	if (server)
		server_measured(server, latency);
	server_rank(locator->servers, locator->count);
	pthread_mutex_unlock(&locator->mutex);
}

/* The mutex is held. True when the site is news. */
static bool adopt_site(struct locator *locator, const struct netlogon *netlogon)
{
	bool news = netlogon->client_site[0] && !locator->conf->site[0] &&
		    strcmp(locator->site, netlogon->client_site) != 0;

	if (netlogon->next_site[0])
		memcpy(locator->next_site, netlogon->next_site, sizeof(locator->next_site));
	if (!news)
		return false;
	memcpy(locator->site, netlogon->client_site, sizeof(locator->site));
	locator->hurry = true;
	pthread_cond_broadcast(&locator->changed);
	return true;
}

bool locator_told(struct locator *locator, const char *name, const struct netlogon *netlogon)
{
	bool news;

	pthread_mutex_lock(&locator->mutex);
	struct server *server = locator_find(locator, name);

	if (server) {
		memcpy(server->site, netlogon->server_site, sizeof(server->site));
		server->paused = netlogon->paused;
	}
	news = adopt_site(locator, netlogon);
	pthread_mutex_unlock(&locator->mutex);
	if (news)
		log_info("directory.site", LOG_TEXT("directory", locator->conf->name),
			 LOG_TEXT("site", netlogon->client_site),
			 LOG_TEXT("next", netlogon->next_site), LOG_TEXT("server", name));
	return news;
}

void locator_select(struct locator *locator, const char *name)
{
	bool news;
	char site[SERVER_SITE_SIZE] = "";

	pthread_mutex_lock(&locator->mutex);
	const struct server *server = locator_find(locator, name);

	if (server)
		memcpy(site, server->site, sizeof(site));
	news = strcmp(locator->selected, name) != 0;
	snprintf(locator->selected, sizeof(locator->selected), "%s", name);
	pthread_mutex_unlock(&locator->mutex);
	if (news)
		log_info("directory.server", LOG_TEXT("directory", locator->conf->name),
			 LOG_TEXT("server", name), LOG_TEXT("state", "selected"),
			 LOG_TEXT("site", site));
}

bool locator_selected(struct locator *locator, struct server *server)
{
	pthread_mutex_lock(&locator->mutex);
	const struct server *selected = locator_find(locator, locator->selected);

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

size_t locator_list(struct locator *locator, struct server servers[LOCATOR_SERVERS_MAX])
{
	size_t count = 0;

	pthread_mutex_lock(&locator->mutex);
	for (size_t i = 0; i < locator->count; i++) {
		size_t at = count++;

		while (at > 0 && server_precedes(&locator->servers[i], &servers[at - 1])) {
			servers[at] = servers[at - 1];
			at--;
		}
		servers[at] = locator->servers[i];
		servers[at].selected = strcmp(servers[at].name, locator->selected) == 0;
	}
	pthread_mutex_unlock(&locator->mutex);
	return count;
}

void locator_site(struct locator *locator, char to[SERVER_SITE_SIZE])
{
	pthread_mutex_lock(&locator->mutex);
	memcpy(to, locator->site, SERVER_SITE_SIZE);
	pthread_mutex_unlock(&locator->mutex);
}
