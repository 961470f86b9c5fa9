/* SPDX-License-Identifier: ISC */
/*
 * The resolver role: asks name servers and fetches policies for the relay and the
 * frontends. One event loop; it owns nothing.
 */
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/role.h"
#include "io/packet.h"
#include "io/tls_trust.h"
#include "resolver/resolver.h"

enum { AUTHORITIES_MAX = 1 << 20 };

struct resolver_role {
	struct event_base *base;
	const struct conf *conf;
	struct channel *control;
	struct resolver *resolver;
};

struct asker {
	struct resolver_role *role;
	struct message_peer who;
	struct channel *channel;
	struct pending *pending;
};

struct pending {             /* a question that the resolver works on */
	struct asker *asker; /* NULL: it is gone */
	uint32_t id;
	struct pending *next, **place;
};

/* ---- questions ---- */

static struct pending *pending_new(struct asker *asker, uint32_t id)
{
	struct pending *pending = memory_new(sizeof *pending);

	*pending = (struct pending){ asker, id, asker->pending, &asker->pending };
	if (pending->next)
		pending->next->place = &pending->next;
	asker->pending = pending;
	return pending;
}

static void pending_end(struct pending *pending, enum message_kind kind,
			const struct wire_writer *writer)
{
	if (pending->asker) {
		channel_reply(pending->asker->channel, (uint16_t)kind, pending->id,
			      span_make(writer->at, writer->used));
		*pending->place = pending->next;
		if (pending->next)
			pending->next->place = pending->place;
	}
	free(pending);
}

static void on_hosts(void *context, const struct message_hosts_found *found)
{
	static char memory[PACKET_BODY_MAX];
	static struct message_hosts_found fewer;
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_hosts_found(&writer, found);
	/* Only whole certificates in TLSA records make it so large: the worst hosts stay out. */
	for (fewer = *found; writer.failed && fewer.count > 1;) {
		fewer.count /= 2;
		wire_writer_init(&writer, memory, sizeof memory);
		message_put_hosts_found(&writer, &fewer);
	}
	pending_end(context, MESSAGE_HOSTS, &writer);
}

static void on_names(void *context, const struct message_names_found *found)
{
	char memory[sizeof *found + 64];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_names_found(&writer, found);
	pending_end(context, MESSAGE_NAMES, &writer);
}

/* False: malformed, or nothing that is asked here. */
static bool asker_take(struct asker *asker, const struct packet *packet)
{
	struct resolver *resolver = asker->role->resolver;
	struct message_hosts hosts;
	struct message_names names;

	if (packet->fd >= 0 || packet->fd_lost)
		return false;
	if (packet->kind == MESSAGE_HOSTS && message_get_hosts(packet->body, &hosts))
		resolver_hosts(resolver, &hosts, on_hosts, pending_new(asker, packet->id));
	else if (packet->kind == MESSAGE_NAMES && message_get_names(packet->body, &names))
		resolver_names(resolver, &names, on_names, pending_new(asker, packet->id));
	else
		return false;
	return true;
}

/* ---- who asks ---- */

static void asker_free(struct asker *asker)
{
	for (struct pending *pending = asker->pending; pending; pending = pending->next)
		pending->asker = NULL;
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
	struct asker *asker = context;

	if (asker_take(asker, packet))
		return;
	if (packet->fd >= 0)
		close(packet->fd);
	asker_accuse(asker, packet->kind);
}

/* ---- the master ---- */

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

/* ---- what is read before the sandbox ---- */

static void add_authorities(struct tls_trust *trust, const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	char why[200] = "cannot be read", *pem = NULL;
	size_t length = 0;

	if (fd >= 0)
		pem = role_read_all(fd, AUTHORITIES_MAX, &length);
	if (!pem || !tls_trust_add(trust, span_make(pem, length), why, sizeof why))
		log_warning("resolver.authorities", LOG_TEXT("file", file), LOG_TEXT("why", why));
	free(pem);
}

/* The system's, and those of tls_ca: who vouches for mail servers vouches for their policies. */
static struct tls_trust *trust_make(const struct conf *conf)
{
	char why[200] = "";
	struct tls_trust *trust = tls_trust_new(why, sizeof why);

	if (!trust) {
		log_error("resolver.failed", LOG_TEXT("why", why));
		_exit(1);
	}
	for (size_t i = 0; i < conf->smtps_count; i++) {
		const char *file = conf->smtps[i].outbound.tls_ca;

		if (file && file[0])
			add_authorities(trust, file);
	}
	return trust;
}

/* Mail domains of ours, which inside often have other records than outside, and no signatures. */
static char **own_domains(const struct conf *conf)
{
	char **names = memory_array(conf->domains_count + 1, sizeof *names);

	for (size_t i = 0; i < conf->domains_count; i++)
		names[i] = conf->domains[i].name;
	return names;
}

static struct resolver *resolver_make(struct event_base *base, const struct conf *conf)
{
	struct lookup_plan plan = { .servers = conf->dns_servers,
				    .servers_count = conf->dns_servers_count,
				    .anchor = conf->dns_trust_anchor ? conf->dns_trust_anchor : "",
				    .unsigned_zones = own_domains(conf),
				    .unsigned_zones_count = conf->domains_count };
	char why[300] = "";
	struct resolver *resolver = resolver_new(base, &plan, trust_make(conf), why, sizeof why);

	free(plan.unsigned_zones);
	if (resolver)
		return resolver;
	log_error("resolver.failed", LOG_TEXT("why", why));
	_exit(1);
}

int resolver_main(struct role_start *begin)
{
	struct resolver_role role = { .conf = begin->conf };
	char empty[4096];

	snprintf(empty, sizeof empty, "%s/empty", begin->conf->run);
	role.base = event_base_new();
	if (!role.base)
		memory_die("no event loop");
	role.resolver = resolver_make(role.base, begin->conf);
	role_confine(begin, empty);
	role.control = channel_new(role.base, begin->control, master_lost, master_told, &role);
	role_ready(begin);
	event_base_dispatch(role.base);
	_exit(0);
}
