/* SPDX-License-Identifier: ISC */
#include "base/base64.h"

#include <assert.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(struct span bytes, char *to, size_t size)
{
	const unsigned char *at = (const unsigned char *)bytes.at;
	size_t used = 0;

	assert(size >= BASE64_ENCODED(bytes.length));
	for (size_t i = 0; i < bytes.length; i += 3) {
		size_t left = bytes.length - i;
		uint32_t group = (uint32_t)at[i] << 16;

		group |= left > 1 ? (uint32_t)at[i + 1] << 8 : 0;
		group |= left > 2 ? at[i + 2] : 0;
		to[used++] = digits[group >> 18];
		to[used++] = digits[group >> 12 & 63];
		to[used++] = left > 1 ? digits[group >> 6 & 63] : '=';
		to[used++] = left > 2 ? digits[group & 63] : '=';
	}
	to[used] = '\0';
	return used;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters to 1-3 octets; 0 if they are none. */
static size_t base64_group(const char *four, unsigned char out[3])
{
	size_t octets = four[3] != '=' ? 3 : four[2] != '=' ? 2 : 1;
	uint32_t group = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i <= octets ? base64_value(four[i]) : 0;

		if (value < 0)
			return 0;
		group = group << 6 | (uint32_t)value;
	}
	out[0] = (unsigned char)(group >> 16);
	out[1] = (unsigned char)(group >> 8);
	out[2] = (unsigned char)group;
	/* Bits that no octet uses must be zero, or two texts would mean the same. */
	if ((octets == 1 && (group & 0xffff)) || (octets == 2 && (group & 0xff)))
		return 0;
	return octets;
}

bool base64_decode(struct span text, void *to, size_t size, size_t *length)
{
	unsigned char *out = to;
	size_t used = 0;

	if (text.length % 4 != 0)
		return false;
	for (size_t i = 0; i < text.length; i += 4) {
		unsigned char octets[3];
		size_t count = base64_group(text.at + i, octets);

		if (count == 0 || (count < 3 && i + 4 != text.length) || used + count > size)
			return false;
		for (size_t j = 0; j < count; j++)
			out[used++] = octets[j];
	}
	*length = used;
	return true;
}

void hex_encode(struct span bytes, char *to)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.length; i++) {
		unsigned char octet = (unsigned char)bytes.at[i];

		*to++ = hex[octet >> 4];
		*to++ = hex[octet & 15];
	}
	*to = '\0';
}

static int hex_value(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(struct span text, void *to, size_t size, size_t *length)
{
	unsigned char *out = to;

	if (text.length % 2 != 0 || text.length / 2 > size)
		return false;
	for (size_t i = 0; i < text.length; i += 2) {
		int high = hex_value(text.at[i]);
		int low = hex_value(text.at[i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (unsigned char)(high << 4 | low);
	}
	*length = text.length / 2;
	return true;
}
