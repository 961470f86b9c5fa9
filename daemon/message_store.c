/* SPDX-License-Identifier: ISC */
#include "daemon/message_store.h"

void message_put_result(struct wire_writer *writer, const struct message_result *result)
{
	wire_put_u8(writer, (uint8_t)result->outcome);
	wire_put_u32(writer, result->flags);
	wire_put_u64(writer, result->value);
}

static void get_result(struct wire_reader *reader, struct message_result *result)
{
	result->outcome = wire_get_choice(reader, OUTCOME_PERM);
	result->flags = wire_get_u32(reader);
	result->value = wire_get_u64(reader);
}

bool message_get_result(struct span body, struct message_result *result)
{
	struct wire_reader reader = wire_reader_of(body);

	get_result(&reader, result);
	return wire_done(&reader);
}

void message_put_deliver(struct wire_writer *writer, const struct message_deliver *deliver)
{
	wire_put_text(writer, deliver->label);
	wire_put_u8(writer, deliver->another);
	wire_put_u32(writer, deliver->count);
	wire_put_span(writer, deliver->tickets);
	wire_put_span(writer, deliver->envelope);
}

bool message_get_deliver(struct span body, struct message_deliver *deliver)
{
	struct wire_reader reader = wire_reader_of(body);

	wire_get_text(&reader, deliver->label, sizeof deliver->label);
	deliver->another = wire_get_flag(&reader);
	deliver->count = wire_get_u32(&reader);
	deliver->tickets = wire_get_span(&reader);
	deliver->envelope = wire_get_span(&reader);
	return wire_done(&reader) && (deliver->count > 0 || deliver->envelope.length > 0) &&
	       deliver->count <= MESSAGE_RECIPIENTS_MAX;
}

void message_put_open(struct wire_writer *writer, const struct message_open *ask)
{
	wire_put_text(writer, ask->session);
	wire_put_span(writer, ask->ticket);
}

bool message_get_open(struct span body, struct message_open *ask)
{
	struct wire_reader reader = wire_reader_of(body);

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
	struct wire_reader reader = wire_reader_of(body);

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
	struct wire_reader reader = wire_reader_of(body);

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
	struct wire_reader reader = wire_reader_of(body);

	ask->handle = wire_get_u32(&reader);
	ask->first = wire_get_u32(&reader);
	ask->bits = wire_get_span(&reader);
	return wire_done(&reader);
}

void message_put_quota(struct wire_writer *writer, const struct message_quota *quota)
{
	wire_put_u8(writer, (uint8_t)quota->outcome);
	wire_put_u64(writer, quota->used);
	wire_put_u64(writer, quota->limit);
}

bool message_get_quota(struct span body, struct message_quota *quota)
{
	struct wire_reader reader = wire_reader_of(body);

	quota->outcome = wire_get_choice(&reader, OUTCOME_PERM);
	quota->used = wire_get_u64(&reader);
	quota->limit = wire_get_u64(&reader);
	return wire_done(&reader);
}
