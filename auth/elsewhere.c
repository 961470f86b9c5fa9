/* SPDX-License-Identifier: ISC */
#include "auth/elsewhere.h"

#include <string.h>

#include "base/wire.h"

enum { ELSEWHERE_VERSION = 1 };

size_t elsewhere_sign(const struct elsewhere *elsewhere, const unsigned char key[TICKET_KEY_SIZE],
		      void *to, size_t size)
{
	struct wire_writer writer;

	wire_writer_init(&writer, to, size);
	wire_put_u8(&writer, ELSEWHERE_VERSION);
	wire_put_u8(&writer, TICKET_ELSEWHERE);
	wire_put_text(&writer, elsewhere->host);
	wire_put_text(&writer, elsewhere->who);
	wire_put_text(&writer, elsewhere->session);
	wire_put_u64(&writer, (uint64_t)elsewhere->expires);
	return ticket_seal(&writer, key);
}

bool elsewhere_verify(struct span encoded, const unsigned char key[TICKET_KEY_SIZE], int64_t now,
		      struct elsewhere *elsewhere)
{
	struct wire_reader reader;
	struct span content;

	memset(elsewhere, 0, sizeof(*elsewhere));
	if (encoded.length > ELSEWHERE_SIZE_MAX || !ticket_unseal(encoded, key, &content))
		return false;
	wire_reader_init(&reader, content.at, content.length);
	uint8_t version = wire_get_u8(&reader), purpose = wire_get_u8(&reader);
	wire_get_text(&reader, elsewhere->host, sizeof(elsewhere->host));
	wire_get_text(&reader, elsewhere->who, sizeof(elsewhere->who));
	wire_get_text(&reader, elsewhere->session, sizeof(elsewhere->session));
	elsewhere->expires = (int64_t)wire_get_u64(&reader);
	return wire_done(&reader) && version == ELSEWHERE_VERSION && purpose == TICKET_ELSEWHERE &&
	       now < elsewhere->expires;
}
