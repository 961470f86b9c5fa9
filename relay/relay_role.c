/* SPDX-License-Identifier: ISC */
/* The relay role: its start, its peers, its end. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"
#include "daemon/route_cache.h"
#include "io/packet.h"
#include "io/tls.h"
#include "relay/destination.h"
#include "relay/courier.h"
#include "relay/own_address.h"
#include "relay/dial.h"
#include "relay/pickup.h"
#include "relay/relay.h"
#include "relay/tls_reports.h"

enum { DRAIN_SECONDS = 10, DESTINATIONS_MAX = 1 << 20, TROUBLED_MAX = 10000, CA_MAX = 4 << 20 };

/* ---- the end ---- */

void relay_leave_if_done(struct relay *relay)
{
	if (!relay->retiring || relay->jobs + relay->untold + relay->files + relay->dials > 0 || relay->claiming)
		return;
	couriers_tick(relay, true);
	if (relay->couriers == 0)
		event_base_loopbreak(relay->base);
}

static void relay_retire(struct relay *relay)
{
	if (relay->retiring)
		return;
	relay->retiring = true;
	log_info("relay.retiring", LOG_NUMBER("jobs", relay->jobs));
	relay_leave_if_done(relay);
}

static void drain_over(evutil_socket_t fd, short what, void *context)
{
	struct relay *relay = context;

	(void)fd;
	(void)what;
	log_info("relay.cut", LOG_NUMBER("jobs", relay->jobs));
	event_base_loopbreak(relay->base);
}

static void relay_drain(struct relay *relay)
{
	static const struct timeval patience = { DRAIN_SECONDS, 0 };

	if (relay->draining)
		return;
	relay->draining = true;
	event_base_once(relay->base, -1, EV_TIMEOUT, drain_over, relay, &patience);
	destinations_drop_jobs(relay, false);
	relay_retire(relay);
}

/* ---- peers ---- */

static void peer_free(struct channel **peer)
{
	struct channel *channel = *peer;

	*peer = NULL;
	channel_free(channel);
}

static void directory_lost(void *context)
{
	peer_free(&((struct relay *)context)->directory);
}

static void resolver_lost(void *context)
{
	peer_free(&((struct relay *)context)->resolver);
}

/* Its jobs are due again at the next store: nobody wants to hear of them from us. */
static void store_lost(void *context)
{
	struct relay *relay = context;

	peer_free(&relay->store);
	destinations_drop_jobs(relay, true);
}

static void take_peer(struct relay *relay, const struct packet *packet)
{
	struct message_peer peer;

	if (packet->fd < 0 || !message_get_peer(packet->body, &peer))
		memory_die("the master introduced nobody");
	if (peer.role == ROLE_DIRECTORY) {
		peer_free(&relay->directory);
		relay->directory =
			channel_new(relay->base, packet->fd, directory_lost, NULL, relay);
	} else if (peer.role == ROLE_RESOLVER) {
		peer_free(&relay->resolver);
		relay->resolver = channel_new(relay->base, packet->fd, resolver_lost, NULL, relay);
	} else if (peer.role == ROLE_STORE) {
		if (relay->store)
			store_lost(relay);
		relay->store_epoch++;
		relay->store = channel_new(relay->base, packet->fd, store_lost, NULL, relay);
		relay_take(relay);
	} else if (peer.role == ROLE_FRONTEND) {
		dial_take_frontend(relay, &peer, packet->fd);
	} else {
		close(packet->fd);
	}
}

static void master_told(void *context, const struct packet *packet)
{
	struct relay *relay = context;

	if (packet->kind == MESSAGE_PEER)
		take_peer(relay, packet);
	else if (packet->kind == MESSAGE_LOG)
		role_take_log(ROLE_RELAY, packet);
	else if (packet->kind == MESSAGE_RETIRE)
		relay_retire(relay);
	else if (packet->kind == MESSAGE_DRAIN)
		relay_drain(relay);
	else if (packet->fd >= 0)
		close(packet->fd);
}

static void master_lost(void *context)
{
	(void)context;
	_exit(1); /* nobody is left who could stop us */
}

/* ---- the start ---- */

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct relay *relay = context;

	(void)fd;
	(void)what;
	couriers_tick(relay, false);
	destinations_tick(relay);
	pickup_tick(relay);
	tls_reports_tick(relay->reports, clock_unix());
	relay_leave_if_done(relay);
}

/* Jobs under way have a descriptor for the message and one for the connection. */
static size_t jobs_possible(const struct conf *conf)
{
	struct rlimit limit;
	size_t wanted = 0, most = 256;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 0)
		most = limit.rlim_cur;
	if (conf->proxy.enabled && most > 4 * DIALS_MAX)
		most -= DIALS_MAX;
	most = most > 512 ? (most - 128) / 3 : most / 6 + 1;
	for (size_t i = 0; i < conf->smtps_count; i++)
		wanted += conf->smtps[i].outbound.connections;
	return wanted && wanted < most ? wanted : most;
}

static bool read_file(const char *path, struct buffer *to)
{
	FILE *file = fopen(path, "re");
	size_t count;

	if (!file)
		return false;
	do {
		count = fread(buffer_reserve(to, 65536), 1, 65536, file);
		buffer_commit(to, count);
	} while (count > 0 && buffer_used(to) < CA_MAX);
	return fclose(file) == 0 && buffer_used(to) > 0;
}

/* Before the sandbox: later there are no files. */
static void add_authorities(struct relay *relay, const char *file)
{
	struct buffer text = BUFFER_EMPTY;
	char why[200] = "the file cannot be read";
	struct relay_authorities *one;

	for (size_t i = 0; i < relay->authorities_count; i++)
		if (strcmp(relay->authorities[i].file, file) == 0)
			return;
	relay->authorities = memory_grow(relay->authorities, relay->authorities_count + 1,
					 sizeof *relay->authorities);
	one = &relay->authorities[relay->authorities_count++];
	*one = (struct relay_authorities){ .file = file };
	if (!*file || read_file(file, &text))
		one->tls = tls_client_new(buffer_span(&text), why, sizeof why);
	if (!one->tls)
		log_error("relay.authorities", LOG_TEXT("file", *file ? file : "the system's"),
			  LOG_TEXT("why", why));
	buffer_clear(&text);
}

struct tls_client *relay_tls(const struct relay *relay, const char *file)
{
	for (size_t i = 0; i < relay->authorities_count; i++)
		if (strcmp(relay->authorities[i].file, file) == 0)
			return relay->authorities[i].tls;
	return NULL;
}

static void load_authorities(struct relay *relay)
{
	const struct conf *conf = relay->conf;

	add_authorities(relay, "");
	for (size_t i = 0; i < conf->smtps_count; i++)
		if (conf->smtps[i].outbound.tls_ca)
			add_authorities(relay, conf->smtps[i].outbound.tls_ca);
	for (size_t i = 0; i < conf->remotes_count; i++)
		if (conf->remotes[i].tls_ca)
			add_authorities(relay, conf->remotes[i].tls_ca);
}

static void relay_init(struct relay *relay, struct role_start *begin)
{
	static const struct timeval second = { 1, 0 };

	relay->begin = begin;
	relay->conf = begin->conf;
	relay->base = event_base_new();
	if (!relay->base)
		memory_die("no event loop");
	LIST_INIT(&relay->all);
	TAILQ_INIT(&relay->idle);
	relay->destinations = table_new(DESTINATIONS_MAX, NULL);
	relay->troubled = table_new(TROUBLED_MAX, free);
	relay->routes = route_cache_new();
	relay->reports = tls_reports_new(clock_unix());
	relay->own = own_addresses_new(relay->conf);
	relay->jobs_max = jobs_possible(relay->conf);
	load_authorities(relay);
	relay->tick = event_new(relay->base, -1, EV_PERSIST, on_tick, relay);
	event_add(relay->tick, &second);
}

int relay_main(struct role_start *begin)
{
	struct relay relay = { 0 };
	char empty[4096];

	relay_init(&relay, begin);
	snprintf(empty, sizeof empty, "%s/empty", begin->conf->run);
	role_confine(begin, empty);
	relay.control = channel_new(relay.base, begin->control, master_lost, master_told, &relay);
	role_ready(begin);
	event_base_dispatch(relay.base);
	tls_reports_write(relay.reports);
	log_info("relay.left", LOG_NUMBER("jobs", relay.jobs));
	_exit(0);
}
