/* SPDX-License-Identifier: ISC */
#include "base/span.h"

#include <string.h>

struct span span_text(const char *text)
{
	return (struct span){ text ? text : "", text ? strlen(text) : 0 };
}

struct span span_make(const void *at, size_t length)
{
	return (struct span){ at, length };
}

bool span_equal(struct span a, struct span b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

bool span_is(struct span a, const char *text)
{
	return span_equal(a, span_text(text));
}

char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

char ascii_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool ascii_is_alnum(char c)
{
	return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

void ascii_lower_text(char *text)
{
	for (; *text; text++)
		*text = ascii_lower(*text);
}

bool span_equal_nocase(struct span a, struct span b)
{
	if (a.length != b.length)
		return false;
	for (size_t i = 0; i < a.length; i++)
		if (ascii_lower(a.at[i]) != ascii_lower(b.at[i]))
			return false;
	return true;
}

bool span_is_nocase(struct span a, const char *text)
{
	return span_equal_nocase(a, span_text(text));
}

bool span_starts_nocase(struct span a, const char *prefix)
{
	size_t length = strlen(prefix);

	return a.length >= length && span_is_nocase(span_make(a.at, length), prefix);
}

bool span_has_nul(struct span a)
{
	return a.length != 0 && memchr(a.at, '\0', a.length) != NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span span_trim(struct span a)
{
	while (a.length && is_blank(a.at[0]))
		a = span_skip(a, 1);
	while (a.length && is_blank(a.at[a.length - 1]))
		a.length--;
	return a;
}

struct span span_skip(struct span a, size_t count)
{
	if (count > a.length)
		count = a.length;
	return (struct span){ a.at + count, a.length - count };
}

bool span_cut(struct span *rest, char separator, struct span *head)
{
	const char *found;

	if (!rest->at)
		return false;
	found = rest->length ? memchr(rest->at, separator, rest->length) : NULL;
	if (!found) {
		*head = *rest;
		*rest = (struct span){ NULL, 0 };
		return true;
	}
	*head = span_make(rest->at, (size_t)(found - rest->at));
	*rest = span_skip(*rest, head->length + 1);
	return true;
}

bool span_number(struct span a, uint64_t *value)
{
	uint64_t sum = 0;

	if (a.length == 0)
		return false;
	for (size_t i = 0; i < a.length; i++) {
		if (!ascii_is_digit(a.at[i]))
			return false;
		if (__builtin_mul_overflow(sum, (uint64_t)10, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(a.at[i] - '0'), &sum))
			return false;
	}
	*value = sum;
	return true;
}

bool span_copy(struct span a, char *to, size_t size)
{
	if (a.length >= size)
		return false;
	if (a.length)
		memcpy(to, a.at, a.length);
	to[a.length] = '\0';
	return true;
}

/* Length of the UTF-8 sequence at the start, 0 if it is none (RFC 3629 section 4). */
static size_t utf8_sequence(const unsigned char *at, size_t left)
{
	size_t length;
	uint32_t point;

	if (at[0] < 0x80)
		return 1;
	length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	if (at[0] < 0xc2 || at[0] > 0xf4 || left < length)
		return 0;
	point = at[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (at[i] & 0x3fu);
	}
	if (length == 3 && (point < 0x800 || (point >= 0xd800 && point <= 0xdfff)))
		return 0;
	if (length == 4 && (point < 0x10000 || point > 0x10ffff))
		return 0;
	return length;
}

bool utf8_valid(struct span a)
{
	const unsigned char *at = (const unsigned char *)a.at;
	size_t step;

	for (size_t i = 0; i < a.length; i += step) {
		step = utf8_sequence(at + i, a.length - i);
		if (!step)
			return false;
	}
	return true;
}
