/* SPDX-License-Identifier: ISC */
#include "directory/person.h"

#include <stdio.h>

#include "base/base64.h"

enum { SID_HEAD = 8, SID_PARTS_MAX = 15 };

static bool is_hex(char c)
{
	c = ascii_lower(c);
	return ascii_is_digit(c) || (c >= 'a' && c <= 'f');
}

/* A UUID in text form (RFC 4530) without its hyphens. */
static bool uuid_text(struct span value, char *to, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < value.length; i++) {
		if (value.at[i] == '-')
			continue;
		if (!is_hex(value.at[i]) || used + 1 >= size)
			return false;
		to[used++] = ascii_lower(value.at[i]);
	}
	to[used] = '\0';
	return used > 0;
}

bool identity_text(struct span value, bool binary, char *to, size_t size)
{
	if (!binary && uuid_text(value, to, size))
		return true;
	if (value.length == 0 || value.length * 2 + 1 > size)
		return false;
	hex_encode(value, to);
	return true;
}

static uint32_t little_endian(const char *at)
{
	const unsigned char *byte = (const unsigned char *)at;

	return (uint32_t)byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 |
	       (uint32_t)byte[3] << 24;
}

bool sid_text(struct span value, char *to, size_t size)
{
	const unsigned char *byte = (const unsigned char *)value.at;
	uint64_t authority = 0;
	size_t parts, used;

	if (value.length < SID_HEAD || byte[0] != 1 || byte[1] > SID_PARTS_MAX)
		return false;
	parts = byte[1];
	if (value.length != SID_HEAD + 4 * parts)
		return false;
	for (size_t i = 2; i < SID_HEAD; i++)
		authority = authority << 8 | byte[i];
	used = (size_t)snprintf(to, size, "S-1-%llu", (unsigned long long)authority);
	for (size_t i = 0; i < parts && used < size; i++)
		used += (size_t)snprintf(to + used, size - used, "-%lu",
					 (unsigned long)little_endian(value.at + SID_HEAD + 4 * i));
	return used < size;
}

/* Big-endian, as the authority stands in it. */
static bool put_authority(struct span part, char *to)
{
	uint64_t value;

	if (!span_number(part, &value) || value >> 48)
		return false;
	for (size_t i = 6; i-- > 0; value >>= 8)
		to[i] = (char)(value & 0xff);
	return true;
}

bool sid_parse(struct span text, char to[SID_SIZE_MAX], size_t *length)
{
	struct span part;
	uint64_t value;
	size_t parts = 0;

	if (!span_starts_nocase(text, "S-1-"))
		return false;
	text = span_skip(text, 4);
	if (!span_cut(&text, '-', &part) || !put_authority(part, to + 2))
		return false;
	while (span_cut(&text, '-', &part)) {
		if (parts == SID_PARTS_MAX || !span_number(part, &value) || value > UINT32_MAX)
			return false;
		for (size_t i = 0; i < 4; i++)
			to[SID_HEAD + 4 * parts + i] = (char)(value >> 8 * i & 0xff);
		parts++;
	}
	to[0] = 1;
	to[1] = (char)parts;
	*length = SID_HEAD + 4 * parts;
	return parts > 0;
}
