/* SPDX-License-Identifier: ISC */
#include "daemon/message_resolver.h"

void message_put_hosts(struct wire_writer *writer, const struct message_hosts *ask)
{
	wire_put_text(writer, ask->domain);
	wire_put_u8(writer, ask->host);
	wire_put_u32(writer, ask->port);
	wire_put_u8(writer, ask->dane);
	wire_put_u8(writer, ask->mta_sts);
}

static uint16_t get_u16(struct wire_reader *reader)
{
	uint32_t value = wire_get_u32(reader);

	if (value > UINT16_MAX)
		reader->failed = true;
	return (uint16_t)value;
}

bool message_get_hosts(struct span body, struct message_hosts *ask)
{
	struct wire_reader reader = wire_reader_of(body);

	wire_get_text(&reader, ask->domain, sizeof ask->domain);
	ask->host = wire_get_flag(&reader);
	ask->port = get_u16(&reader);
	ask->dane = wire_get_flag(&reader);
	ask->mta_sts = wire_get_flag(&reader);
	return wire_done(&reader);
}

static void put_host(struct wire_writer *writer, const struct hosts_host *host)
{
	wire_put_text(writer, host->name);
	wire_put_text(writer, host->base);
	wire_put_u32(writer, host->preference);
	wire_put_u8(writer, host->secure);
	wire_put_u8(writer, host->tlsa_trouble);
	wire_put_u8(writer, host->unusable);
	wire_put_u32(writer, host->addresses_count);
	for (uint32_t i = 0; i < host->addresses_count; i++)
		wire_put_bytes(writer, host->addresses[i], sizeof host->addresses[i]);
	wire_put_u32(writer, host->tlsa_count);
	for (uint32_t i = 0; i < host->tlsa_count; i++) {
		wire_put_u8(writer, host->tlsa[i].usage);
		wire_put_u8(writer, host->tlsa[i].selector);
		wire_put_u8(writer, host->tlsa[i].matching);
		wire_put_span(writer, host->tlsa[i].data);
	}
}

/* A number that has places for what it counts. */
static uint32_t get_count(struct wire_reader *reader, uint32_t most)
{
	uint32_t count = wire_get_u32(reader);

	if (count > most)
		reader->failed = true;
	return reader->failed ? 0 : count;
}

static void get_host(struct wire_reader *reader, struct hosts_host *host)
{
	wire_get_text(reader, host->name, sizeof host->name);
	wire_get_text(reader, host->base, sizeof host->base);
	host->preference = get_u16(reader);
	host->secure = wire_get_flag(reader);
	host->tlsa_trouble = wire_get_flag(reader);
	host->unusable = wire_get_flag(reader);
	host->addresses_count = get_count(reader, HOSTS_ADDRESSES_MAX);
	for (uint32_t i = 0; i < host->addresses_count; i++)
		wire_get_bytes(reader, host->addresses[i], sizeof host->addresses[i]);
	host->tlsa_count = get_count(reader, HOSTS_TLSA_MAX);
	for (uint32_t i = 0; i < host->tlsa_count; i++) {
		host->tlsa[i].usage = wire_get_u8(reader);
		host->tlsa[i].selector = wire_get_u8(reader);
		host->tlsa[i].matching = wire_get_u8(reader);
		host->tlsa[i].data = wire_get_span(reader);
	}
}

void message_put_hosts_found(struct wire_writer *writer, const struct message_hosts_found *found)
{
	wire_put_u8(writer, (uint8_t)found->outcome);
	wire_put_text(writer, found->text);
	wire_put_u32(writer, found->good_for);
	wire_put_u8(writer, found->mx_secure);
	wire_put_u8(writer, (uint8_t)found->policy);
	wire_put_text(writer, found->policy_id);
	wire_put_u32(writer, found->patterns_count);
	for (uint32_t i = 0; i < found->patterns_count; i++)
		wire_put_text(writer, found->patterns[i]);
	wire_put_u32(writer, found->count);
	for (uint32_t i = 0; i < found->count; i++)
		put_host(writer, &found->hosts[i]);
}

bool message_get_hosts_found(struct span body, struct message_hosts_found *found)
{
	struct wire_reader reader = wire_reader_of(body);

	found->outcome = (enum hosts_outcome)wire_get_choice(&reader, HOSTS_TROUBLE);
	wire_get_text(&reader, found->text, sizeof found->text);
	found->good_for = wire_get_u32(&reader);
	found->mx_secure = wire_get_flag(&reader);
	found->policy = (enum hosts_policy)wire_get_choice(&reader, HOSTS_POLICY_ENFORCE);
	wire_get_text(&reader, found->policy_id, sizeof found->policy_id);
	found->patterns_count = get_count(&reader, HOSTS_MAX);
	for (uint32_t i = 0; i < found->patterns_count; i++)
		wire_get_text(&reader, found->patterns[i], sizeof found->patterns[i]);
	found->count = get_count(&reader, HOSTS_MAX);
	for (uint32_t i = 0; i < found->count; i++)
		get_host(&reader, &found->hosts[i]);
	return wire_done(&reader);
}

void message_put_names(struct wire_writer *writer, const struct message_names *ask)
{
	wire_put_bytes(writer, ask->address, sizeof ask->address);
}

bool message_get_names(struct span body, struct message_names *ask)
{
	struct wire_reader reader = wire_reader_of(body);

	wire_get_bytes(&reader, ask->address, sizeof ask->address);
	return wire_done(&reader);
}

void message_put_names_found(struct wire_writer *writer, const struct message_names_found *found)
{
	wire_put_u8(writer, found->trouble);
	wire_put_u32(writer, found->good_for);
	wire_put_u32(writer, found->count);
	for (uint32_t i = 0; i < found->count; i++)
		wire_put_text(writer, found->names[i]);
}

bool message_get_names_found(struct span body, struct message_names_found *found)
{
	struct wire_reader reader = wire_reader_of(body);

	found->trouble = wire_get_flag(&reader);
	found->good_for = wire_get_u32(&reader);
	found->count = get_count(&reader, sizeof found->names / sizeof found->names[0]);
	for (uint32_t i = 0; i < found->count; i++)
		wire_get_text(&reader, found->names[i], sizeof found->names[i]);
	return wire_done(&reader);
}
