/* SPDX-License-Identifier: ISC */
#include "frontend/frontend.h"

#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "frontend/material.h"
#include "daemon/route_cache.h"
#include "frontend/pop3_proxy.h"
#include "frontend/servers.h"
#include "frontend/session.h"
#include "io/packet.h"
#include "io/tls.h"

enum { DRAIN_MS = 10000 };

void frontend_leave_if_done(struct frontend *frontend)
{
	if (frontend->retiring && frontend->sessions_count == 0)
		event_base_loopbreak(frontend->base);
}

static void take_listen(struct frontend *frontend, const struct packet *packet)
{
	uint32_t number, which;

	if (packet->fd < 0 || !message_get_pair(packet->body, &number, &which))
		memory_die("the master sent no listener");
	server_listen(server_number(frontend, number), which, packet->fd);
}

static void directory_lost(void *context)
{
	struct frontend *frontend = context;
	struct channel *channel = frontend->directory;

	frontend->directory = NULL;
	channel_free(channel);
}

static void resolver_lost(void *context)
{
	struct frontend *frontend = context;
	struct channel *channel = frontend->resolver;

	frontend->resolver = NULL;
	channel_free(channel);
}

static void relay_lost(void *context)
{
	struct frontend *frontend = context;
	struct channel *channel = frontend->relay;

	frontend->relay = NULL;
	channel_free(channel);
}

static void store_lost(void *context)
{
	struct frontend *frontend = context;
	struct channel *channel = frontend->store;

	frontend->store = NULL;
	channel_free(channel);
}

static void take_peer(struct frontend *frontend, const struct packet *packet)
{
	struct message_peer peer;

	if (packet->fd < 0 || !message_get_peer(packet->body, &peer))
		memory_die("the master introduced nobody");
	if (peer.role == ROLE_DIRECTORY) {
		if (frontend->directory)
			directory_lost(frontend);
		frontend->directory = channel_new(frontend->base, packet->fd, directory_lost, NULL, frontend);
	} else if (peer.role == ROLE_STORE) {
		if (frontend->store)
			store_lost(frontend);
		frontend->store_epoch++;
		frontend->store = channel_new(frontend->base, packet->fd, store_lost, NULL, frontend);
	} else if (peer.role == ROLE_RESOLVER) {
		if (frontend->resolver)
			resolver_lost(frontend);
		frontend->resolver = channel_new(frontend->base, packet->fd, resolver_lost, NULL, frontend);
	} else if (peer.role == ROLE_RELAY) {
		if (frontend->relay)
			relay_lost(frontend);
		frontend->relay = channel_new(frontend->base, packet->fd, relay_lost, NULL, frontend);
	} else {
		close(packet->fd);
	}
}

static void frontend_stop_listening(struct frontend *frontend)
{
	servers_stop_listening(frontend);
	frontend->retiring = true;
	frontend_leave_if_done(frontend);
}

static void drain_over(evutil_socket_t fd, short what, void *context)
{
	struct frontend *frontend = context;

	(void)fd;
	(void)what;
	log_info("frontend.cut", LOG_NUMBER("sessions", frontend->sessions_count));
	event_base_loopbreak(frontend->base);
}

static void frontend_drain(struct frontend *frontend)
{
	struct timeval patience = { DRAIN_MS / 1000, 0 };
	struct session *next;

	if (frontend->draining)
		return;
	frontend->draining = true;
	event_base_once(frontend->base, -1, EV_TIMEOUT, drain_over, frontend, &patience);
	for (struct session *session = frontend->sessions; session; session = next) {
		next = session->next;
		session->shutdown(session);
	}
	frontend_stop_listening(frontend);
}

static void master_told(void *context, const struct packet *packet)
{
	struct frontend *frontend = context;

	switch (packet->kind) {
	case MESSAGE_MATERIAL:
		material_take(frontend, packet);
		return;
	case MESSAGE_TALLY:
		material_take_tally(frontend, packet);
		return;
	case MESSAGE_LISTEN:
		take_listen(frontend, packet);
		return;
	case MESSAGE_PEER:
		take_peer(frontend, packet);
		return;
	case MESSAGE_LOG:
		role_take_log(ROLE_FRONTEND, packet);
		return;
	case MESSAGE_RETIRE:
		log_info("frontend.retiring", LOG_NUMBER("sessions", frontend->sessions_count));
		frontend_stop_listening(frontend);
		return;
	case MESSAGE_DRAIN:
		frontend_drain(frontend);
		return;
	default:
		if (packet->fd >= 0)
			close(packet->fd);
	}
}

static void master_lost(void *context)
{
	(void)context;
	_exit(1); /* nobody is left who could stop us */
}

int frontend_main(struct role_start *begin)
{
	struct frontend frontend = { .begin = begin, .conf = begin->conf };
	char empty[4096];

	snprintf(empty, sizeof empty, "%s/empty", begin->conf->run);
	frontend.base = event_base_new();
	if (!frontend.base)
		memory_die("no event loop");
	frontend.routes = route_cache_new();
	servers_make(&frontend);
	frontend.sessions_max = sessions_possible();
	/* Frontends that start together would give out the same ids. */
	random_bytes(&frontend.serial, sizeof frontend.serial);
	if (begin->conf->proxy.enabled && begin->conf->proxy.tls != CONF_TLS_NONE)
		pop3_proxy_load(&frontend);
	role_confine(begin, empty);
	frontend.control = channel_new(frontend.base, begin->control, master_lost, master_told, &frontend);
	event_base_dispatch(frontend.base);
	log_info("frontend.left", LOG_NUMBER("sessions", frontend.sessions_count));
	_exit(0);
}
