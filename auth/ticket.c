/* SPDX-License-Identifier: ISC */
#include "auth/ticket.h"

#include "base/memory.h"
#include "base/wire.h"
#include "io/tls.h"

#include <string.h>

#define TICKET_VERSION  2
#define TICKET_MAC_SIZE 16

size_t ticket_seal(struct wire_writer *writer, const unsigned char key[TICKET_KEY_SIZE])
{
	unsigned char mac[MAC_SIZE];

	if (writer->failed)
		return 0;
	mac_sha256(span_make(key, TICKET_KEY_SIZE), span_make(writer->at, writer->used), mac);
	wire_put_bytes(writer, mac, TICKET_MAC_SIZE);
	return writer->failed ? 0 : writer->used;
}

size_t ticket_sign(const struct ticket *ticket, const unsigned char key[TICKET_KEY_SIZE], void *to,
		   size_t size)
{
	struct wire_writer writer;

	wire_writer_init(&writer, to, size);
	wire_put_u8(&writer, TICKET_VERSION);
	wire_put_u8(&writer, (uint8_t)ticket->purpose);
	wire_put_text(&writer, ticket->id);
	wire_put_text(&writer, ticket->domain);
	wire_put_text(&writer, ticket->name);
	wire_put_u64(&writer, ticket->quota);
	wire_put_u64(&writer, ticket->warn);
	wire_put_u64(&writer, (uint64_t)ticket->expires);
	wire_put_text(&writer, ticket->session);
	return ticket_seal(&writer, key);
}

static bool ticket_signed(struct span signed_part, const char *mac,
			  const unsigned char key[TICKET_KEY_SIZE])
{
	unsigned char right[MAC_SIZE];

	mac_sha256(span_make(key, TICKET_KEY_SIZE), signed_part, right);
	bool equal = memory_equal(right, mac, TICKET_MAC_SIZE);
	/* The right signature of a forged ticket is worth as much as the key for it. */
	memory_wipe(right, sizeof(right));
	return equal;
}

static bool ticket_read(struct span bytes, struct ticket *ticket)
{
	struct wire_reader reader;

	wire_reader_init(&reader, bytes.at, bytes.length);
	uint8_t version = wire_get_u8(&reader);
	ticket->purpose = (enum ticket_purpose)wire_get_u8(&reader);
	wire_get_text(&reader, ticket->id, sizeof(ticket->id));
	wire_get_text(&reader, ticket->domain, sizeof(ticket->domain));
	wire_get_text(&reader, ticket->name, sizeof(ticket->name));
	ticket->quota = wire_get_u64(&reader);
	ticket->warn = wire_get_u64(&reader);
	ticket->expires = (int64_t)wire_get_u64(&reader);
	wire_get_text(&reader, ticket->session, sizeof(ticket->session));
	return wire_done(&reader) && version == TICKET_VERSION;
}

bool ticket_unseal(struct span sealed, const unsigned char key[TICKET_KEY_SIZE],
		   struct span *content)
{
	if (sealed.length <= TICKET_MAC_SIZE)
		return false;
	*content = span_make(sealed.at, sealed.length - TICKET_MAC_SIZE);
	return ticket_signed(*content, sealed.at + content->length, key);
}

bool ticket_verify(struct span encoded, const unsigned char key[TICKET_KEY_SIZE],
		   enum ticket_purpose purpose, int64_t now, struct ticket *ticket)
{
	struct span content;

	memset(ticket, 0, sizeof(*ticket));
	if (encoded.length > TICKET_SIZE_MAX || !ticket_unseal(encoded, key, &content))
		return false;
	if (!ticket_read(content, ticket) || ticket->purpose != purpose || ticket->expires <= now) {
		memset(ticket, 0, sizeof(*ticket));
		return false;
	}
	return true;
}
