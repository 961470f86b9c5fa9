/* SPDX-License-Identifier: ISC */
/* The relay role: takes the queue's jobs to other servers. It owns nothing. */
#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/role.h"
#include "io/packet.h"

struct relay {
	struct event_base *base;
	const struct role_start *begin;
	struct channel *control;
	struct channel *peers[ROLE_COUNT]; /* whom it asks; NULL while that role is away */
};


static void peer_lost(void *context)
{
	struct channel **peer = context;
	struct channel *channel = *peer;

	*peer = NULL;
	channel_free(channel);
}

static void take_peer(struct relay *relay, const struct packet *packet)
{
	struct message_peer peer;

	if (packet->fd < 0 || !message_get_peer(packet->body, &peer))
		memory_die("the master introduced nobody");
	if (relay->peers[peer.role])
		peer_lost(&relay->peers[peer.role]);
	relay->peers[peer.role] =
		channel_new(relay->base, packet->fd, peer_lost, NULL, &relay->peers[peer.role]);
}

static void master_told(void *context, const struct packet *packet)
{
	struct relay *relay = context;

	if (packet->kind == MESSAGE_PEER)
		take_peer(relay, packet);
	else if (packet->kind == MESSAGE_LOG)
		role_take_log(ROLE_RELAY, packet);
	else if (packet->kind == MESSAGE_RETIRE || packet->kind == MESSAGE_DRAIN)
		event_base_loopbreak(relay->base);
	else if (packet->fd >= 0)
		close(packet->fd);
}

static void master_lost(void *context)
{
	(void)context;
	_exit(1); /* nobody is left who could stop us */
}

int relay_main(struct role_start *begin)
{
	struct relay relay = { .begin = begin };
	char empty[4096];

	snprintf(empty, sizeof empty, "%s/empty", begin->conf->run);
	relay.base = event_base_new();
	if (!relay.base)
		memory_die("no event loop");
	role_confine(begin, empty);
	relay.control = channel_new(relay.base, begin->control, master_lost, master_told, &relay);
	role_ready(begin);
	event_base_dispatch(relay.base);
	log_info("relay.left", LOG_NUMBER("pid", getpid()));
	_exit(0);
}
