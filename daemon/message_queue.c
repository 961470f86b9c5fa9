/* SPDX-License-Identifier: ISC */
#include "daemon/message_queue.h"

#include <string.h>

#include "base/memory.h"
#include "daemon/message_store.h"

static void put_address(struct wire_writer *writer, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	address_text(address, text);
	wire_put_text(writer, text);
}

/* In its one form, so that both ends mean the same octets. */
static bool get_address(struct wire_reader *reader, bool null_ok, struct address *address)
{
	char text[ADDRESS_TEXT_SIZE], again[ADDRESS_TEXT_SIZE];
	const char *why;

	*address = (struct address){ 0 };
	wire_get_text(reader, text, sizeof text);
	if (reader->failed)
		return false;
	if (text[0] == '\0')
		return null_ok;
	if (!address_parse(span_text(text), address, &why))
		return false;
	address_text(address, again);
	return strcmp(text, again) == 0;
}

void message_put_envelope(struct wire_writer *writer, const char *server,
			  const struct envelope *envelope)
{
	wire_put_text(writer, server);
	put_address(writer, &envelope->sender);
	wire_put_u8(writer, (uint8_t)envelope->body);
	wire_put_u8(writer, envelope->smtputf8);
	wire_put_u8(writer, envelope->requiretls);
	wire_put_u8(writer, (uint8_t)envelope->ret);
	wire_put_text(writer, envelope->envid);
	wire_put_u64(writer, envelope->declared);
	wire_put_text(writer, envelope->identity);
	wire_put_u32(writer, (uint32_t)envelope->count);
	for (size_t i = 0; i < envelope->count; i++) {
		put_address(writer, &envelope->recipients[i].address);
		wire_put_u8(writer, (uint8_t)envelope->recipients[i].notify);
		wire_put_text(writer, envelope->recipients[i].orcpt);
		wire_put_text(writer, envelope->recipients[i].via);
		wire_put_u8(writer, envelope->recipients[i].member);
	}
}

/* NULL for the empty text. */
static char *get_own(struct wire_reader *reader, size_t most)
{
	struct span text = wire_get_span_of(reader, most);

	if (span_has_nul(text))
		reader->failed = true;
	return reader->failed || text.length == 0 ? NULL : memory_text_n(text.at, text.length);
}

static bool get_recipients(struct wire_reader *reader, uint32_t count, struct envelope *envelope)
{
	struct envelope_recipient *recipient;
	struct address address;

	for (uint32_t i = 0; i < count; i++) {
		if (!get_address(reader, false, &address))
			return false;
		recipient = envelope_add(envelope, &address);
		recipient->notify = wire_get_choice(reader, 15);
		recipient->orcpt = get_own(reader, ENVELOPE_ORCPT_MAX);
		recipient->via = get_own(reader, QUEUE_KEY_SIZE - 1);
		recipient->member = wire_get_flag(reader);
	}
	return wire_done(reader);
}

bool message_get_envelope(struct span body, char server[QUEUE_SERVER_SIZE],
			  struct envelope *envelope)
{
	struct wire_reader reader = wire_reader_of(body);
	uint32_t count;
	bool good;

	envelope_init(envelope);
	wire_get_text(&reader, server, QUEUE_SERVER_SIZE);
	good = get_address(&reader, true, &envelope->sender);
	envelope->has_sender = true;
	envelope->body = (enum envelope_body)wire_get_choice(&reader, ENVELOPE_BODY_BINARYMIME);
	envelope->smtputf8 = wire_get_flag(&reader);
	envelope->requiretls = wire_get_flag(&reader);
	envelope->ret = (enum envelope_ret)wire_get_choice(&reader, ENVELOPE_RET_HDRS);
	wire_get_text(&reader, envelope->envid, sizeof envelope->envid);
	envelope->declared = wire_get_u64(&reader);
	wire_get_text(&reader, envelope->identity, sizeof envelope->identity);
	count = wire_get_u32(&reader);
	if (good && !reader.failed && count > 0 && count <= MESSAGE_RECIPIENTS_MAX &&
	    get_recipients(&reader, count, envelope))
		return true;
	envelope_clear(envelope);
	return false;
}

/* So many texts and nothing else. */
static bool are_texts(struct span texts, uint32_t count)
{
	struct wire_reader reader = wire_reader_of(texts);

	for (uint32_t i = 0; i < count && !reader.failed; i++)
		if (span_has_nul(wire_get_span_of(&reader, QUEUE_KEY_SIZE - 1)))
			return false;
	return wire_done(&reader);
}

void message_put_take(struct wire_writer *writer, const struct message_take *take)
{
	wire_put_u32(writer, take->count);
	wire_put_span(writer, take->domains);
}

bool message_get_take(struct span body, struct message_take *take)
{
	struct wire_reader reader = wire_reader_of(body);

	take->count = wire_get_u32(&reader);
	take->domains = wire_get_span(&reader);
	return wire_done(&reader) && take->count <= MESSAGE_TAKE_MAX &&
	       are_texts(take->domains, take->count);
}

void message_put_job(struct wire_writer *writer, const struct message_job *job)
{
	wire_put_u64(writer, job->handle);
	wire_put_text(writer, job->id);
	wire_put_u8(writer, job->kind);
	wire_put_text(writer, job->key);
	wire_put_text(writer, job->server);
	wire_put_u64(writer, (uint64_t)job->arrived);
	wire_put_u64(writer, job->size);
	wire_put_u32(writer, job->attempt);
	wire_put_span(writer, job->envelope);
}

bool message_get_job(struct span body, struct message_job *job)
{
	struct wire_reader reader = wire_reader_of(body);

	job->handle = wire_get_u64(&reader);
	wire_get_text(&reader, job->id, sizeof job->id);
	job->kind = (uint8_t)wire_get_choice(&reader, QUEUE_HOP_TRIGGER);
	wire_get_text(&reader, job->key, sizeof job->key);
	wire_get_text(&reader, job->server, sizeof job->server);
	job->arrived = (int64_t)wire_get_u64(&reader);
	job->size = wire_get_u64(&reader);
	job->attempt = wire_get_u32(&reader);
	job->envelope = wire_get_span(&reader);
	return wire_done(&reader);
}

void message_put_queue_result(struct wire_writer *writer, const struct queue_result *result)
{
	wire_put_u32(writer, (uint32_t)result->recipient);
	wire_put_u8(writer, (uint8_t)result->verdict);
	wire_put_u8(writer, result->dsn);
	wire_put_text(writer, result->status);
	wire_put_text(writer, result->text);
	wire_put_text(writer, result->mta);
}

bool message_get_queue_result(struct wire_reader *reader, struct queue_result *result)
{
	result->recipient = wire_get_u32(reader);
	result->verdict = (enum queue_verdict)wire_get_choice(reader, QUEUE_MOVED);
	result->dsn = wire_get_flag(reader);
	wire_get_text(reader, result->status, sizeof result->status);
	wire_get_text(reader, result->text, sizeof result->text);
	wire_get_text(reader, result->mta, sizeof result->mta);
	return !reader->failed;
}

void message_put_done(struct wire_writer *writer, const struct message_done *done)
{
	wire_put_u64(writer, done->handle);
	wire_put_u8(writer, done->dead);
	wire_put_u32(writer, done->count);
	wire_put_span(writer, done->results);
}

static bool are_results(struct span results, uint32_t count)
{
	struct wire_reader reader = wire_reader_of(results);
	struct queue_result result;

	for (uint32_t i = 0; i < count; i++)
		if (!message_get_queue_result(&reader, &result))
			return false;
	return wire_done(&reader);
}

bool message_get_done(struct span body, struct message_done *done)
{
	struct wire_reader reader = wire_reader_of(body);

	done->handle = wire_get_u64(&reader);
	done->dead = wire_get_flag(&reader);
	done->count = wire_get_u32(&reader);
	done->results = wire_get_span(&reader);
	return wire_done(&reader) && done->count <= MESSAGE_RECIPIENTS_MAX &&
	       are_results(done->results, done->count);
}

void message_put_list(struct wire_writer *writer, const struct message_list *list)
{
	wire_put_u64(writer, list->handle);
	wire_put_u32(writer, list->recipient);
}

bool message_get_list(struct span body, struct message_list *list)
{
	struct wire_reader reader = wire_reader_of(body);

	list->handle = wire_get_u64(&reader);
	list->recipient = wire_get_u32(&reader);
	return wire_done(&reader);
}

void message_put_place(struct wire_writer *writer, const struct message_place *place)
{
	wire_put_u64(writer, place->handle);
	wire_put_u32(writer, place->count);
	wire_put_span(writer, place->places);
}

void message_put_one_place(struct wire_writer *writer, uint32_t recipient, struct span ticket)
{
	wire_put_u32(writer, recipient);
	wire_put_span(writer, ticket);
}

bool message_get_one_place(struct wire_reader *reader, uint32_t *recipient, struct span *ticket)
{
	*recipient = wire_get_u32(reader);
	*ticket = wire_get_span_of(reader, TICKET_SIZE_MAX);
	return !reader->failed;
}

static bool are_places(struct span places, uint32_t count)
{
	struct wire_reader reader = wire_reader_of(places);
	struct span ticket;
	uint32_t recipient;

	for (uint32_t i = 0; i < count; i++)
		if (!message_get_one_place(&reader, &recipient, &ticket))
			return false;
	return wire_done(&reader);
}

bool message_get_place(struct span body, struct message_place *place)
{
	struct wire_reader reader = wire_reader_of(body);

	place->handle = wire_get_u64(&reader);
	place->count = wire_get_u32(&reader);
	place->places = wire_get_span(&reader);
	return wire_done(&reader) && place->count > 0 && place->count <= MESSAGE_PLACES_MAX &&
	       are_places(place->places, place->count);
}

void message_put_claimed(struct wire_writer *writer, const struct message_claimed *claimed)
{
	wire_put_u64(writer, claimed->handle);
	wire_put_text(writer, claimed->server);
	wire_put_text(writer, claimed->name);
}

bool message_get_claimed(struct span body, struct message_claimed *claimed)
{
	struct wire_reader reader = wire_reader_of(body);

	claimed->handle = wire_get_u64(&reader);
	wire_get_text(&reader, claimed->server, sizeof claimed->server);
	wire_get_text(&reader, claimed->name, sizeof claimed->name);
	return wire_done(&reader);
}

void message_put_claim_end(struct wire_writer *writer, const struct message_claim_end *end)
{
	wire_put_u64(writer, end->handle);
	wire_put_u8(writer, end->bad);
	wire_put_text(writer, end->reason);
}

bool message_get_claim_end(struct span body, struct message_claim_end *end)
{
	struct wire_reader reader = wire_reader_of(body);

	end->handle = wire_get_u64(&reader);
	end->bad = wire_get_flag(&reader);
	wire_get_text(&reader, end->reason, sizeof end->reason);
	return wire_done(&reader);
}

void message_put_order(struct wire_writer *writer, const struct message_order *order)
{
	wire_put_u8(writer, (uint8_t)order->act);
	wire_put_text(writer, order->id);
	wire_put_text(writer, order->key);
}

bool message_get_order(struct span body, struct message_order *order)
{
	struct wire_reader reader = wire_reader_of(body);

	order->act = (enum message_order_act)wire_get_choice(&reader, ORDER_BOUNCE);
	wire_get_text(&reader, order->id, sizeof order->id);
	wire_get_text(&reader, order->key, sizeof order->key);
	return wire_done(&reader);
}
