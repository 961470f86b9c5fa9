/* SPDX-License-Identifier: ISC */
#include "daemon/message_directory.h"

static void put_address(struct wire_writer *writer, const struct address *address)
{
	wire_put_text(writer, address->local);
	wire_put_text(writer, address->domain);
	wire_put_u8(writer, address->utf8);
	wire_put_u8(writer, address->literal);
}

static void get_address(struct wire_reader *reader, struct address *address)
{
	wire_get_text(reader, address->local, sizeof address->local);
	wire_get_text(reader, address->domain, sizeof address->domain);
	address->utf8 = wire_get_flag(reader);
	address->literal = wire_get_flag(reader);
}

void message_put_resolve(struct wire_writer *writer, const struct message_resolve *resolve)
{
	put_address(writer, &resolve->address);
	wire_put_text(writer, resolve->session);
	wire_put_span(writer, resolve->standing);
	put_address(writer, &resolve->sender);
	wire_put_u64(writer, resolve->size);
	wire_put_text(writer, resolve->identity);
	wire_put_u8(writer, resolve->trusted);
	wire_put_u8(writer, resolve->own);
}

bool message_get_resolve(struct span body, struct message_resolve *resolve)
{
	struct wire_reader reader = wire_reader_of(body);

	get_address(&reader, &resolve->address);
	wire_get_text(&reader, resolve->session, sizeof resolve->session);
	resolve->standing = wire_get_span_of(&reader, STANDING_SIZE_MAX);
	get_address(&reader, &resolve->sender);
	resolve->size = wire_get_u64(&reader);
	wire_get_text(&reader, resolve->identity, sizeof resolve->identity);
	resolve->trusted = wire_get_flag(&reader);
	resolve->own = wire_get_flag(&reader);
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
	wire_put_text(writer, route->via);
	wire_put_text(writer, route->canonical);
	wire_put_u64(writer, route->size);
	wire_put_u8(writer, route->by_sender);
}

bool message_get_route(struct span body, struct message_route *route)
{
	struct wire_reader reader = wire_reader_of(body);

	route->outcome = wire_get_choice(&reader, OUTCOME_PERM);
	route->kind = wire_get_choice(&reader, ROUTE_LIST);
	route->code = wire_get_u32(&reader);
	wire_get_text(&reader, route->status, sizeof route->status);
	wire_get_text(&reader, route->text, sizeof route->text);
	route->good_for = wire_get_u32(&reader);
	route->quota = wire_get_u64(&reader);
	route->ticket = wire_get_span(&reader);
	wire_get_text(&reader, route->via, sizeof route->via);
	wire_get_text(&reader, route->canonical, sizeof route->canonical);
	route->size = wire_get_u64(&reader);
	route->by_sender = wire_get_flag(&reader);
	return wire_done(&reader) && route->ticket.length <= TICKET_SIZE_MAX &&
	       (route->via[0] == '\0' || route->kind == ROUTE_REMOTE);
}

void message_put_sender(struct wire_writer *writer, const struct message_sender *sender)
{
	wire_put_span(writer, sender->standing);
	put_address(writer, &sender->address);
	wire_put_u8(writer, sender->header);
	wire_put_u32(writer, sender->server);
	wire_put_text(writer, sender->session);
}

bool message_get_sender(struct span body, struct message_sender *sender)
{
	struct wire_reader reader = wire_reader_of(body);

	sender->standing = wire_get_span_of(&reader, STANDING_SIZE_MAX);
	get_address(&reader, &sender->address);
	sender->header = wire_get_flag(&reader);
	sender->server = wire_get_u32(&reader);
	wire_get_text(&reader, sender->session, sizeof sender->session);
	return wire_done(&reader);
}

void message_put_sender_answer(struct wire_writer *writer,
			       const struct message_sender_answer *answer)
{
	wire_put_u8(writer, (uint8_t)answer->outcome);
	wire_put_u8(writer, answer->reported);
	wire_put_u32(writer, answer->code);
	wire_put_text(writer, answer->status);
	wire_put_text(writer, answer->text);
	wire_put_u32(writer, answer->good_for);
	wire_put_u64(writer, answer->quota);
	wire_put_u64(writer, answer->size);
	wire_put_u32(writer, answer->recipients);
	wire_put_u8(writer, answer->relay);
	wire_put_span(writer, answer->ticket);
	wire_put_text(writer, answer->identity);
}

bool message_get_sender_answer(struct span body, struct message_sender_answer *answer)
{
	struct wire_reader reader = wire_reader_of(body);

	answer->outcome = wire_get_choice(&reader, OUTCOME_PERM);
	answer->reported = wire_get_flag(&reader);
	answer->code = wire_get_u32(&reader);
	wire_get_text(&reader, answer->status, sizeof answer->status);
	wire_get_text(&reader, answer->text, sizeof answer->text);
	answer->good_for = wire_get_u32(&reader);
	answer->quota = wire_get_u64(&reader);
	answer->size = wire_get_u64(&reader);
	answer->recipients = wire_get_u32(&reader);
	answer->relay = wire_get_choice(&reader, SENDER_RELAY_UNKNOWN);
	answer->ticket = wire_get_span_of(&reader, TICKET_SIZE_MAX);
	wire_get_text(&reader, answer->identity, sizeof answer->identity);
	return wire_done(&reader);
}

void message_put_expand(struct wire_writer *writer, const struct message_expand *expand)
{
	put_address(writer, &expand->address);
	put_address(writer, &expand->sender);
	wire_put_text(writer, expand->identity);
	wire_put_u8(writer, expand->trusted);
	wire_put_u64(writer, expand->size);
	wire_put_text(writer, expand->id);
}

bool message_get_expand(struct span body, struct message_expand *expand)
{
	struct wire_reader reader = wire_reader_of(body);

	get_address(&reader, &expand->address);
	get_address(&reader, &expand->sender);
	wire_get_text(&reader, expand->identity, sizeof expand->identity);
	expand->trusted = wire_get_flag(&reader);
	expand->size = wire_get_u64(&reader);
	wire_get_text(&reader, expand->id, sizeof expand->id);
	return wire_done(&reader);
}

void message_put_expanded(struct wire_writer *writer, const struct message_expanded *expanded)
{
	wire_put_u8(writer, (uint8_t)expanded->outcome);
	wire_put_text(writer, expanded->status);
	wire_put_text(writer, expanded->text);
}

bool message_get_expanded(struct span body, struct message_expanded *expanded)
{
	struct wire_reader reader = wire_reader_of(body);

	expanded->outcome = wire_get_choice(&reader, OUTCOME_PERM);
	wire_get_text(&reader, expanded->status, sizeof expanded->status);
	wire_get_text(&reader, expanded->text, sizeof expanded->text);
	return wire_done(&reader);
}

void message_put_login(struct wire_writer *writer, const struct message_login *login)
{
	wire_put_u32(writer, login->server);
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
	struct wire_reader reader = wire_reader_of(body);

	login->server = wire_get_u32(&reader);
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
	wire_put_text(writer, identity->host);
	wire_put_span(writer, identity->elsewhere);
}

static void get_identity(struct wire_reader *reader, struct message_identity *identity)
{
	identity->verdict = wire_get_choice(reader, AUTH_TEMPORARY);
	wire_get_text(reader, identity->who, sizeof identity->who);
	identity->ticket = wire_get_span_of(reader, TICKET_SIZE_MAX);
	identity->standing = wire_get_span_of(reader, STANDING_SIZE_MAX);
	wire_get_text(reader, identity->host, sizeof identity->host);
	identity->elsewhere = wire_get_span_of(reader, ELSEWHERE_SIZE_MAX);
}

bool message_get_identity(struct span body, struct message_identity *identity)
{
	struct wire_reader reader = wire_reader_of(body);

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
	struct wire_reader reader = wire_reader_of(body);

	exchange->handle = wire_get_u32(&reader);
	exchange->first = wire_get_flag(&reader);
	exchange->server = wire_get_u32(&reader);
	exchange->tls = wire_get_flag(&reader);
	wire_get_text(&reader, exchange->mechanism, sizeof exchange->mechanism);
	wire_get_text(&reader, exchange->client, sizeof exchange->client);
	wire_get_text(&reader, exchange->session, sizeof exchange->session);
	exchange->end_point = wire_get_span_of(&reader, MESSAGE_BINDING_MAX);
	exchange->exporter = wire_get_span_of(&reader, MESSAGE_BINDING_MAX);
	exchange->certificate = wire_get_span_of(&reader, MESSAGE_CERTIFICATE_MAX);
	exchange->response = wire_get_span_of(&reader, MESSAGE_TOKEN_MAX);
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
	struct wire_reader reader = wire_reader_of(body);

	turn->more = wire_get_flag(&reader);
	turn->challenge = wire_get_span_of(&reader, MESSAGE_TOKEN_MAX);
	get_identity(&reader, &turn->identity);
	return wire_done(&reader);
}

/* Spans one behind the other, exactly so many: a count that lies is not worked on. */
static bool is_row(struct span spans, uint32_t count)
{
	struct wire_reader reader = wire_reader_of(spans);

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
	struct wire_reader reader = wire_reader_of(body);

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
	struct wire_reader reader = wire_reader_of(body);

	explain->question = wire_get_choice(&reader, QUESTION_SEND);
	wire_get_text(&reader, explain->subject, sizeof explain->subject);
	return wire_done(&reader);
}
