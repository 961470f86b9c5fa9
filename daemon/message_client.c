/* SPDX-License-Identifier: ISC */
#include "daemon/message_client.h"

#include "daemon/message_directory.h"

void message_put_client(struct wire_writer *writer, const struct message_client *ask)
{
	wire_put_u32(writer, ask->handle);
	wire_put_u8(writer, ask->first);
	wire_put_u8(writer, ask->drop);
	wire_put_u8(writer, ask->refused);
	wire_put_text(writer, ask->remote);
	wire_put_text(writer, ask->server);
	wire_put_span(writer, ask->elsewhere);
	wire_put_text(writer, ask->host);
	wire_put_text(writer, ask->mechanisms);
	wire_put_u8(writer, ask->tls);
	wire_put_span(writer, ask->end_point);
	wire_put_span(writer, ask->exporter);
	wire_put_span(writer, ask->challenge);
}

bool message_get_client(struct span body, struct message_client *ask)
{
	struct wire_reader reader = wire_reader_of(body);

	ask->handle = wire_get_u32(&reader);
	ask->first = wire_get_flag(&reader);
	ask->drop = wire_get_flag(&reader);
	ask->refused = wire_get_flag(&reader);
	wire_get_text(&reader, ask->remote, sizeof ask->remote);
	wire_get_text(&reader, ask->server, sizeof ask->server);
	ask->elsewhere = wire_get_span_of(&reader, ELSEWHERE_SIZE_MAX);
	wire_get_text(&reader, ask->host, sizeof ask->host);
	wire_get_text(&reader, ask->mechanisms, sizeof ask->mechanisms);
	ask->tls = (uint8_t)wire_get_choice(&reader, 2);
	ask->end_point = wire_get_span_of(&reader, MESSAGE_BINDING_MAX);
	ask->exporter = wire_get_span_of(&reader, MESSAGE_BINDING_MAX);
	ask->challenge = wire_get_span_of(&reader, MESSAGE_TOKEN_MAX);
	return wire_done(&reader) && !(ask->first && ask->drop) && (ask->drop || !ask->refused);
}

void message_put_client_turn(struct wire_writer *writer, const struct message_client_turn *turn)
{
	wire_put_u8(writer, (uint8_t)turn->outcome);
	wire_put_text(writer, turn->mechanism);
	wire_put_u8(writer, turn->has_response);
	wire_put_text(writer, turn->text);
	wire_put_span(writer, turn->response);
}

bool message_get_client_turn(struct span body, struct message_client_turn *turn)
{
	struct wire_reader reader = wire_reader_of(body);

	turn->outcome = wire_get_choice(&reader, OUTCOME_PERM);
	wire_get_text(&reader, turn->mechanism, sizeof turn->mechanism);
	turn->has_response = wire_get_flag(&reader);
	wire_get_text(&reader, turn->text, sizeof turn->text);
	turn->response = wire_get_span_of(&reader, MESSAGE_TOKEN_MAX);
	return wire_done(&reader);
}
