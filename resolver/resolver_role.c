/* SPDX-License-Identifier: ISC */
/*
 * The resolver role: asks name servers and fetches policies for the relay and the
 * frontends. One event loop; it owns nothing.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/role.h"
#include "io/packet.h"

struct resolver_role {
	struct event_base *base;
	struct channel *control;
};

struct asker {
	struct resolver_role *role;
	struct message_peer who;
	struct channel *channel;
};

static void asker_free(struct asker *asker)
{
	channel_free(asker->channel);
	free(asker);
}

static void asker_lost(void *context)
{
	asker_free(context);
}

/* Malformed, or not a kind that is asked here: the master ends it. */
static void asker_accuse(struct asker *asker, unsigned kind)
{
	char memory[32];
	struct wire_writer writer;

	log_error("resolver.culprit", LOG_TEXT("peer", role_name((enum role)asker->who.role)),
		  LOG_NUMBER("index", asker->who.index), LOG_NUMBER("kind", kind));
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_peer(&writer, &asker->who);
	channel_tell(asker->role->control, MESSAGE_CULPRIT, span_make(memory, writer.used), -1);
	asker_free(asker);
}

static void asker_told(void *context, const struct packet *packet)
{
	if (packet->fd >= 0)
		close(packet->fd);
	asker_accuse(context, packet->kind);
}

static void take_peer(struct resolver_role *role, const struct packet *packet)
{
	struct asker *asker = memory_new(sizeof *asker);

	if (packet->fd < 0 || !message_get_peer(packet->body, &asker->who))
		memory_die("the master introduced nobody");
	asker->role = role;
	asker->channel = channel_new(role->base, packet->fd, asker_lost, asker_told, asker);
	channel_answers(asker->channel);
}

static void master_told(void *context, const struct packet *packet)
{
	struct resolver_role *role = context;

	if (packet->kind == MESSAGE_PEER)
		take_peer(role, packet);
	else if (packet->kind == MESSAGE_LOG)
		role_take_log(ROLE_RESOLVER, packet);
	else if (packet->fd >= 0)
		close(packet->fd);
	if (packet->kind == MESSAGE_DRAIN)
		event_base_loopbreak(role->base);
}

static void master_lost(void *context)
{
	(void)context;
	_exit(1); /* nobody is left who could stop us */
}

int resolver_main(struct role_start *begin)
{
	struct resolver_role role = { 0 };
	char empty[4096];

	snprintf(empty, sizeof empty, "%s/empty", begin->conf->run);
	role.base = event_base_new();
	if (!role.base)
		memory_die("no event loop");
	role_confine(begin, empty);
	role.control = channel_new(role.base, begin->control, master_lost, master_told, &role);
	role_ready(begin);
	event_base_dispatch(role.base);
	_exit(0);
}
