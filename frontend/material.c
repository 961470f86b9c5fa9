/* SPDX-License-Identifier: ISC */
#include "frontend/material.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "frontend/frontend.h"
#include "frontend/servers.h"
#include "daemon/tally.h"
#include "io/packet.h"
#include "io/tls.h"

enum { PEM_MAX = 1 << 20 };

/* Ready not before: a generation whose keys do not load must not take the place of one that serves.
 */
static void material_arrived(struct frontend *frontend)
{
	if (--frontend->materials == 0)
		role_ready(frontend->begin);
}

static void part_forget(struct span *part)
{
	if (part->at)
		memory_wipe((char *)part->at, part->length);
	free((char *)part->at);
	*part = span_make(NULL, 0);
}

/* All parts have come. */
static bool server_secure(struct server *server, char *why, size_t size)
{
	server->tls = tls_server_new(server->certificate, server->key, why, size);
	if (!server->tls)
		return false;
	server->asks_clients = server->authorities.length > 0;
	return !server->asks_clients ||
	       tls_server_ask_clients(server->tls, server->authorities, why, size);
}

void material_take(struct frontend *frontend, const struct packet *packet)
{
	struct server *server;
	struct span *part;
	uint32_t number, which;
	char *text, why[300];
	size_t length;

	if (packet->fd < 0 || !message_get_pair(packet->body, &number, &which))
		memory_die("the master sent no TLS material");
	server = server_number(frontend, number);
	if (server->tls)
		memory_die("the master sent TLS material twice");
	part = which == 0 ? &server->certificate : which == 1 ? &server->key : &server->authorities;
	text = role_read_all(packet->fd, PEM_MAX, &length);
	if (!text)
		memory_die("the master sent TLS material that cannot be read");
	*part = span_make(text, length);
	if (!server->certificate.at || !server->key.at)
		return;
	if (!server_secure(server, why, sizeof why)) {
		log_error("tls.failed", LOG_TEXT("server", server->name), LOG_TEXT("why", why));
		_exit(1);
	}
	part_forget(&server->key);
	part_forget(&server->certificate);
	part_forget(&server->authorities);
	material_arrived(frontend);
}

void material_take_tally(struct frontend *frontend, const struct packet *packet)
{
	const struct message_start *start = &frontend->begin->start;

	if (packet->fd < 0 || frontend->tally)
		memory_die("the master sent no tally");
	frontend->tally = tally_open(packet->fd, start->count, start->index);
	if (!frontend->tally)
		memory_die("the tally cannot be used");
	material_arrived(frontend);
}
