/* SPDX-License-Identifier: ISC */
#include "daemon/message.h"

static const struct {
	const char *name, *user;
} roles[ROLE_COUNT] = {
	[ROLE_MASTER] = { "master", "" },	[ROLE_FRONTEND] = { "frontend", "front" },
	[ROLE_DIRECTORY] = { "directory", "dir" }, [ROLE_STORE] = { "store", "store" },
	[ROLE_RELAY] = { "relay", "relay" },	[ROLE_RESOLVER] = { "resolver", "resolver" },
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

/* An enum from the wire: out of range fails the reader. */
static unsigned get_choice(struct wire_reader *reader, unsigned last)
{
	unsigned value = wire_get_u8(reader);

	if (value > last) {
		reader->failed = true;
		return 0;
	}
	return value;
}

static uint8_t get_flag(struct wire_reader *reader)
{
	return (uint8_t)get_choice(reader, 1);
}

static struct span get_span(struct wire_reader *reader, size_t most)
{
	struct span span = wire_get_span(reader);

	if (span.length > most)
		reader->failed = true;
	return span;
}

static struct wire_reader reader_of(struct span body)
{
	struct wire_reader reader;

	wire_reader_init(&reader, body.at, body.length);
	return reader;
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
	struct wire_reader reader = reader_of(body);

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
	struct wire_reader reader = reader_of(body);

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
	struct wire_reader reader = reader_of(body);

	peer->role = wire_get_u32(&reader);
	peer->generation = wire_get_u32(&reader);
	peer->index = wire_get_u32(&reader);
	return wire_done(&reader) && peer->role < ROLE_COUNT;
}

void message_put_resolve(struct wire_writer *writer, const struct message_resolve *resolve)
{
	wire_put_text(writer, resolve->address.local);
	wire_put_text(writer, resolve->address.domain);
	wire_put_u8(writer, resolve->address.utf8);
	wire_put_u8(writer, resolve->address.literal);
	wire_put_text(writer, resolve->session);
}

bool message_get_resolve(struct span body, struct message_resolve *resolve)
{
	struct wire_reader reader = reader_of(body);

	wire_get_text(&reader, resolve->address.local, sizeof resolve->address.local);
	wire_get_text(&reader, resolve->address.domain, sizeof resolve->address.domain);
	resolve->address.utf8 = get_choice(&reader, 1);
	resolve->address.literal = get_choice(&reader, 1);
	wire_get_text(&reader, resolve->session, sizeof resolve->session);
	return wire_done(&reader);
}

void message_put_route(struct wire_writer *writer, const struct message_route *route)
{
	wire_put_u8(writer, (uint8_t)route->outcome);
	wire_put_u8(writer, (uint8_t)route->kind);
	wire_put_u32(writer, route->code);
	wire_put_text(writer, route->status);
	wire_put_text(writer, route->text);
	wire_put_u32(writer, route->good_for);
	wire_put_u64(writer, route->quota);
	wire_put_span(writer, route->ticket);
}

bool message_get_route(struct span body, struct message_route *route)
{
	struct wire_reader reader = reader_of(body);

	route->outcome = get_choice(&reader, OUTCOME_PERM);
	route->kind = get_choice(&reader, ROUTE_REFUSED);
	route->code = wire_get_u32(&reader);
	wire_get_text(&reader, route->status, sizeof route->status);
	wire_get_text(&reader, route->text, sizeof route->text);
	route->good_for = wire_get_u32(&reader);
	route->quota = wire_get_u64(&reader);
	route->ticket = wire_get_span(&reader);
	return wire_done(&reader) && route->ticket.length <= TICKET_SIZE_MAX;
}

void message_put_login(struct wire_writer *writer, const struct message_login *login)
{
	wire_put_text(writer, login->service);
	wire_put_text(writer, login->user);
	wire_put_text(writer, login->authzid);
	wire_put_text(writer, login->password);
	wire_put_text(writer, login->default_domain);
	wire_put_text(writer, login->client);
	wire_put_text(writer, login->session);
}

bool message_get_login(struct span body, struct message_login *login)
{
	struct wire_reader reader = reader_of(body);

	wire_get_text(&reader, login->service, sizeof login->service);
	wire_get_text(&reader, login->user, sizeof login->user);
	wire_get_text(&reader, login->authzid, sizeof login->authzid);
	wire_get_text(&reader, login->password, sizeof login->password);
	wire_get_text(&reader, login->default_domain, sizeof login->default_domain);
	wire_get_text(&reader, login->client, sizeof login->client);
	wire_get_text(&reader, login->session, sizeof login->session);
	return wire_done(&reader);
}

void message_put_identity(struct wire_writer *writer, const struct message_identity *identity)
{
	wire_put_u8(writer, (uint8_t)identity->verdict);
	wire_put_text(writer, identity->who);
	wire_put_span(writer, identity->ticket);
	wire_put_span(writer, identity->standing);
}

static void get_identity(struct wire_reader *reader, struct message_identity *identity)
{
	identity->verdict = get_choice(reader, AUTH_TEMPORARY);
	wire_get_text(reader, identity->who, sizeof identity->who);
	identity->ticket = get_span(reader, TICKET_SIZE_MAX);
	identity->standing = get_span(reader, STANDING_SIZE_MAX);
}

bool message_get_identity(struct span body, struct message_identity *identity)
{
	struct wire_reader reader = reader_of(body);

	get_identity(&reader, identity);
	return wire_done(&reader);
}

void message_put_exchange(struct wire_writer *writer, const struct message_exchange *exchange)
{
	wire_put_u32(writer, exchange->handle);
	wire_put_u8(writer, exchange->first);
	wire_put_u32(writer, exchange->server);
	wire_put_u8(writer, exchange->tls);
	wire_put_text(writer, exchange->mechanism);
	wire_put_text(writer, exchange->client);
	wire_put_text(writer, exchange->session);
	wire_put_span(writer, exchange->end_point);
	wire_put_span(writer, exchange->exporter);
	wire_put_span(writer, exchange->certificate);
	wire_put_span(writer, exchange->response);
}

bool message_get_exchange(struct span body, struct message_exchange *exchange)
{
	struct wire_reader reader = reader_of(body);

	exchange->handle = wire_get_u32(&reader);
	exchange->first = get_flag(&reader);
	exchange->server = wire_get_u32(&reader);
	exchange->tls = get_flag(&reader);
	wire_get_text(&reader, exchange->mechanism, sizeof exchange->mechanism);
	wire_get_text(&reader, exchange->client, sizeof exchange->client);
	wire_get_text(&reader, exchange->session, sizeof exchange->session);
	exchange->end_point = get_span(&reader, MESSAGE_BINDING_MAX);
	exchange->exporter = get_span(&reader, MESSAGE_BINDING_MAX);
	exchange->certificate = get_span(&reader, MESSAGE_CERTIFICATE_MAX);
	exchange->response = get_span(&reader, MESSAGE_TOKEN_MAX);
	return wire_done(&reader);
}

void message_put_turn(struct wire_writer *writer, const struct message_turn *turn)
{
	wire_put_u8(writer, turn->more);
	wire_put_span(writer, turn->challenge);
	message_put_identity(writer, &turn->identity);
}

bool message_get_turn(struct span body, struct message_turn *turn)
{
	struct wire_reader reader = reader_of(body);

	turn->more = get_flag(&reader);
	turn->challenge = get_span(&reader, MESSAGE_TOKEN_MAX);
	get_identity(&reader, &turn->identity);
	return wire_done(&reader);
}

/* Spans one behind the other, exactly so many: a count that lies is not worked on. */
static bool is_row(struct span spans, uint32_t count)
{
	struct wire_reader reader = reader_of(spans);

	for (uint32_t i = 0; i < count && !reader.failed; i++)
		(void)wire_get_span(&reader);
	return wire_done(&reader);
}

void message_put_recheck(struct wire_writer *writer, const struct message_recheck *recheck)
{
	wire_put_u32(writer, recheck->count);
	wire_put_span(writer, recheck->tickets);
}

bool message_get_recheck(struct span body, struct message_recheck *recheck)
{
	struct wire_reader reader = reader_of(body);

	recheck->count = wire_get_u32(&reader);
	recheck->tickets = wire_get_span(&reader);
	return wire_done(&reader) && recheck->count > 0 && recheck->count <= STANDING_BATCH_MAX &&
	       is_row(recheck->tickets, recheck->count);
}

void message_put_explain(struct wire_writer *writer, const struct message_explain *explain)
{
	wire_put_u8(writer, (uint8_t)explain->question);
	wire_put_text(writer, explain->subject);
}

bool message_get_explain(struct span body, struct message_explain *explain)
{
	struct wire_reader reader = reader_of(body);

	explain->question = get_choice(&reader, QUESTION_LOGIN);
	wire_get_text(&reader, explain->subject, sizeof explain->subject);
	return wire_done(&reader);
}

void message_put_result(struct wire_writer *writer, const struct message_result *result)
{
	wire_put_u8(writer, (uint8_t)result->outcome);
	wire_put_u32(writer, result->flags);
	wire_put_u64(writer, result->value);
}

static void get_result(struct wire_reader *reader, struct message_result *result)
{
	result->outcome = get_choice(reader, OUTCOME_PERM);
	result->flags = wire_get_u32(reader);
	result->value = wire_get_u64(reader);
}

bool message_get_result(struct span body, struct message_result *result)
{
	struct wire_reader reader = reader_of(body);

	get_result(&reader, result);
	return wire_done(&reader);
}

void message_put_deliver(struct wire_writer *writer, const struct message_deliver *deliver)
{
	wire_put_text(writer, deliver->label);
	wire_put_u8(writer, deliver->another);
	wire_put_u32(writer, deliver->count);
	wire_put_span(writer, deliver->tickets);
}

bool message_get_deliver(struct span body, struct message_deliver *deliver)
{
	struct wire_reader reader = reader_of(body);

	wire_get_text(&reader, deliver->label, sizeof deliver->label);
	deliver->another = get_flag(&reader);
	deliver->count = wire_get_u32(&reader);
	deliver->tickets = wire_get_span(&reader);
	return wire_done(&reader) && deliver->count > 0 && deliver->count <= MESSAGE_RECIPIENTS_MAX;
}

void message_put_open(struct wire_writer *writer, const struct message_open *ask)
{
	wire_put_text(writer, ask->session);
	wire_put_span(writer, ask->ticket);
}

bool message_get_open(struct span body, struct message_open *ask)
{
	struct wire_reader reader = reader_of(body);

	wire_get_text(&reader, ask->session, sizeof ask->session);
	ask->ticket = wire_get_span(&reader);
	return wire_done(&reader);
}

void message_put_fetch(struct wire_writer *writer, const struct message_fetch *ask)
{
	wire_put_u32(writer, ask->handle);
	wire_put_u32(writer, ask->number);
	wire_put_u32(writer, ask->wanted);
}

bool message_get_fetch(struct span body, struct message_fetch *ask)
{
	struct wire_reader reader = reader_of(body);

	ask->handle = wire_get_u32(&reader);
	ask->number = wire_get_u32(&reader);
	ask->wanted = wire_get_u32(&reader);
	return wire_done(&reader);
}

void message_put_handed(struct wire_writer *writer, const struct message_handed *handed)
{
	message_put_result(writer, &handed->result);
	wire_put_span(writer, handed->octets);
}

bool message_get_handed(struct span body, struct message_handed *handed)
{
	struct wire_reader reader = reader_of(body);

	get_result(&reader, &handed->result);
	handed->octets = wire_get_span(&reader);
	return wire_done(&reader);
}

void message_put_remove(struct wire_writer *writer, const struct message_remove *ask)
{
	wire_put_u32(writer, ask->handle);
	wire_put_u32(writer, ask->first);
	wire_put_span(writer, ask->bits);
}

bool message_get_remove(struct span body, struct message_remove *ask)
{
	struct wire_reader reader = reader_of(body);

	ask->handle = wire_get_u32(&reader);
	ask->first = wire_get_u32(&reader);
	ask->bits = wire_get_span(&reader);
	return wire_done(&reader);
}

void message_put_prove(struct wire_writer *writer, const struct message_prove *prove)
{
	wire_put_text(writer, prove->account);
	wire_put_text(writer, prove->password);
}

bool message_get_prove(struct span body, struct message_prove *prove)
{
	struct wire_reader reader = reader_of(body);

	wire_get_text(&reader, prove->account, sizeof prove->account);
	wire_get_text(&reader, prove->password, sizeof prove->password);
	return wire_done(&reader);
}

void message_put_proof(struct wire_writer *writer, const struct message_proof *proof)
{
	wire_put_u8(writer, (uint8_t)proof->result);
	wire_put_text(writer, proof->cause);
}

bool message_get_proof(struct span body, struct message_proof *proof)
{
	struct wire_reader reader = reader_of(body);

	proof->result = get_choice(&reader, PASSWORD_TEMPORARY);
	wire_get_text(&reader, proof->cause, sizeof proof->cause);
	return wire_done(&reader);
}
