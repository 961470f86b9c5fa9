/* SPDX-License-Identifier: ISC */
#include "daemon/message_dial.h"

void message_put_dial(struct wire_writer *writer, const struct message_dial *dial)
{
	wire_put_span(writer, dial->ticket);
	wire_put_text(writer, dial->session);
}

bool message_get_dial(struct span body, struct message_dial *dial)
{
	struct wire_reader reader = wire_reader_of(body);

	dial->ticket = wire_get_span_of(&reader, ELSEWHERE_SIZE_MAX);
	wire_get_text(&reader, dial->session, sizeof dial->session);
	return wire_done(&reader);
}

void message_put_dialled(struct wire_writer *writer, const struct message_dialled *dialled)
{
	wire_put_u8(writer, (uint8_t)dialled->outcome);
	wire_put_text(writer, dialled->address);
	wire_put_text(writer, dialled->text);
}

bool message_get_dialled(struct span body, struct message_dialled *dialled)
{
	struct wire_reader reader = wire_reader_of(body);

	dialled->outcome = wire_get_choice(&reader, OUTCOME_PERM);
	wire_get_text(&reader, dialled->address, sizeof dialled->address);
	wire_get_text(&reader, dialled->text, sizeof dialled->text);
	return wire_done(&reader);
}

void message_put_dial_host(struct wire_writer *writer, const struct message_dial_host *host)
{
	wire_put_u8(writer, (uint8_t)host->outcome);
	wire_put_text(writer, host->host);
	wire_put_text(writer, host->text);
}

bool message_get_dial_host(struct span body, struct message_dial_host *host)
{
	struct wire_reader reader = wire_reader_of(body);

	host->outcome = wire_get_choice(&reader, OUTCOME_PERM);
	wire_get_text(&reader, host->host, sizeof host->host);
	wire_get_text(&reader, host->text, sizeof host->text);
	return wire_done(&reader) && (host->outcome != OUTCOME_OK) == (host->host[0] == '\0');
}
