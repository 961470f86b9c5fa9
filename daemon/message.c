/* SPDX-License-Identifier: ISC */
#include "daemon/message.h"

static const struct {
	const char *name, *user;
} roles[ROLE_COUNT] = {
	[ROLE_MASTER] = { "master", "" },          [ROLE_FRONTEND] = { "frontend", "front" },
	[ROLE_DIRECTORY] = { "directory", "dir" }, [ROLE_STORE] = { "store", "store" },
	[ROLE_RELAY] = { "relay", "relay" },       [ROLE_RESOLVER] = { "resolver", "resolver" },
	[ROLE_LOCAL] = { "local", "local" },
};

const char *role_name(enum role role)
{
	return roles[role].name;
}

const char *role_user(enum role role)
{
	return roles[role].user;
}

bool role_asks(enum role role)
{
	return role == ROLE_FRONTEND || role == ROLE_RELAY;
}

void message_put_start(struct wire_writer *writer, const struct message_start *start)
{
	wire_put_u32(writer, start->generation);
	wire_put_u32(writer, start->index);
	wire_put_u32(writer, start->count);
	wire_put_bytes(writer, start->key, sizeof start->key);
}

bool message_get_start(struct span body, struct message_start *start)
{
	struct wire_reader reader = wire_reader_of(body);

	start->generation = wire_get_u32(&reader);
	start->index = wire_get_u32(&reader);
	start->count = wire_get_u32(&reader);
	wire_get_bytes(&reader, start->key, sizeof start->key);
	return wire_done(&reader);
}

void message_put_pair(struct wire_writer *writer, uint32_t first, uint32_t second)
{
	wire_put_u32(writer, first);
	wire_put_u32(writer, second);
}

bool message_get_pair(struct span body, uint32_t *first, uint32_t *second)
{
	struct wire_reader reader = wire_reader_of(body);

	*first = wire_get_u32(&reader);
	*second = wire_get_u32(&reader);
	return wire_done(&reader);
}

void message_put_peer(struct wire_writer *writer, const struct message_peer *peer)
{
	wire_put_u32(writer, peer->role);
	wire_put_u32(writer, peer->generation);
	wire_put_u32(writer, peer->index);
}

bool message_get_peer(struct span body, struct message_peer *peer)
{
	struct wire_reader reader = wire_reader_of(body);

	peer->role = wire_get_u32(&reader);
	peer->generation = wire_get_u32(&reader);
	peer->index = wire_get_u32(&reader);
	return wire_done(&reader) && peer->role < ROLE_COUNT;
}
