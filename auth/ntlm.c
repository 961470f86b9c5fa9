/* SPDX-License-Identifier: ISC */
#include "auth/ntlm.h"

#include <string.h>

#include "base/buffer.h"
#include "base/wire.h"

enum {
	HEAD = 12, /* signature and type */
	FIELDS = 6,
	FLAGS_AT = HEAD + 8 * FIELDS,
	VERSION_AT = FLAGS_AT + 4,
	NEGOTIATE_SIZE = 40,
	FLAG_UNICODE = 0x1,
	FLAG_VERSION_TOP = 0x02, /* NTLMSSP_NEGOTIATE_VERSION, in the flags' last octet */
	RESPONSE_1 = 24, /* octets of a response of version 1; of version 2 there are more */
};

/* Length, room, offset (section 2.2.1.3): the part of the message they name. */
static bool get_field(struct wire_reader *reader, struct span message, struct span *field)
{
	uint32_t lengths = wire_get_u32(reader), offset = wire_get_u32(reader);
	uint32_t length = lengths & 0xffff;

	if (reader->failed || offset > message.length || length > message.length - offset)
		return false;
	*field = span_make(message.at + offset, length);
	return true;
}

static size_t put_utf8(uint32_t point, char *to)
{
	if (point < 0x80) {
		to[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		to[0] = (char)(0xc0 | point >> 6);
		to[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		to[0] = (char)(0xe0 | point >> 12);
		to[1] = (char)(0x80 | (point >> 6 & 0x3f));
		to[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | point >> 18);
	to[1] = (char)(0x80 | (point >> 12 & 0x3f));
	to[2] = (char)(0x80 | (point >> 6 & 0x3f));
	to[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

static uint32_t unit(struct span text, size_t at)
{
	const unsigned char *octet = (const unsigned char *)text.at + at;

	return (uint32_t)octet[0] | (uint32_t)octet[1] << 8;
}

/* UTF-16LE; false on half a pair, a control character, or a name that is too long. */
static bool put_utf16(struct span text, char to[NTLM_NAME_SIZE])
{
	size_t used = 0;

	if (text.length % 2)
		return false;
	for (size_t i = 0; i < text.length; i += 2) {
		uint32_t point = unit(text, i);

		if (point >= 0xd800 && point < 0xdc00 && i + 2 < text.length) {
			uint32_t low = unit(text, i += 2);

			if (low < 0xdc00 || low > 0xdfff)
				return false;
			point = 0x10000 + ((point - 0xd800) << 10 | (low - 0xdc00));
		} else if (point >= 0xd800 && point < 0xe000) {
			return false;
		}
		if (point < 0x20 || point == 0x7f || used + 5 > NTLM_NAME_SIZE)
			return false;
		used += put_utf8(point, to + used);
	}
	to[used] = '\0';
	return true;
}

/* The client's code page is unknown; what is ASCII is the same in all of them. */
static bool put_oem(struct span text, char to[NTLM_NAME_SIZE])
{
	for (size_t i = 0; i < text.length; i++)
		if (text.at[i] < 0x20 || text.at[i] == 0x7f)
			return false;
	return span_copy(text, to, NTLM_NAME_SIZE);
}

/* Signature and type; `reader` stands behind them. */
static enum ntlm_type get_type(struct wire_reader *reader)
{
	char signature[8];
	uint32_t type;

	wire_get_bytes(reader, signature, sizeof(signature));
	type = wire_get_u32(reader);
	if (reader->failed || memcmp(signature, "NTLMSSP", sizeof(signature)) != 0 ||
	    type > NTLM_AUTHENTICATE)
		return NTLM_NONE;
	return (enum ntlm_type)type;
}

enum ntlm_type ntlm_type_of(struct span message)
{
	struct wire_reader reader;

	wire_reader_init(&reader, message.at, message.length);
	return get_type(&reader);
}

bool ntlm_is_elsewhere(struct span token, struct span message)
{
	static const char signature[8] = "NTLMSSP";
	const char *at;

	while (token.length > 0 &&
	       (at = memmem(token.at, token.length, signature, sizeof(signature)))) {
		if (at != message.at)
			return true;
		token = span_skip(token, (size_t)(at - token.at) + 1);
	}
	return false;
}

/* The message's part that comes first after its head. */
static size_t payload_begin(struct span message)
{
	struct wire_reader reader;
	size_t begin = message.length;

	wire_reader_init(&reader, message.at + HEAD, message.length - HEAD);
	for (size_t i = 0; i < FIELDS; i++) {
		uint32_t lengths = wire_get_u32(&reader), offset = wire_get_u32(&reader);

		if ((lengths & 0xffff) && offset < begin)
			begin = offset;
	}
	return begin;
}

struct span ntlm_whole(struct span message, struct buffer *room)
{
	static const char zeros[NEGOTIATE_SIZE];
	enum ntlm_type type = ntlm_type_of(message);

	if (type == NTLM_NEGOTIATE && message.length < NEGOTIATE_SIZE) {
		buffer_add(room, message.at, message.length);
		buffer_add(room, zeros, NEGOTIATE_SIZE - message.length);
		return buffer_span(room);
	}
	if (type == NTLM_AUTHENTICATE && message.length > VERSION_AT &&
	    payload_begin(message) == VERSION_AT) {
		buffer_add(room, message.at, message.length);
		buffer_bytes(room)[FLAGS_AT + 3] &= (char)~FLAG_VERSION_TOP;
		return buffer_span(room);
	}
	return message;
}

bool ntlm_claim_read(struct span message, struct ntlm_claim *claim)
{
	struct wire_reader reader;
	struct span field[FIELDS]; /* LM, NT, domain, user, workstation, session key */
	bool unicode;

	*claim = (struct ntlm_claim){ 0 };
	wire_reader_init(&reader, message.at, message.length);
	if (get_type(&reader) != NTLM_AUTHENTICATE)
		return false;
	for (size_t i = 0; i < FIELDS; i++)
		if (!get_field(&reader, message, &field[i]))
			return false;
	unicode = wire_get_u32(&reader) & FLAG_UNICODE;
	claim->version_2 = field[1].length > RESPONSE_1;
	for (size_t i = 2; i < 5; i++) {
		char *to = i == 2 ? claim->domain : i == 3 ? claim->user : claim->workstation;

		if (unicode ? !put_utf16(field[i], to) : !put_oem(field[i], to))
			return false;
	}
	return !reader.failed && claim->user[0];
}
