/* SPDX-License-Identifier: ISC */
#include "mail/text.h"

#include <string.h>

#define WORD_MAX 900 /* octets; a line may have 998 */

/* The length of the UTF-8 character at the start of text, or 0. */
static size_t character_length(struct span text)
{
	unsigned char first = (unsigned char)text.at[0];
	size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (length > text.length || !utf8_valid(span_make(text.at, length)))
		return 0;
	return length;
}

/* U+0080 to U+009F; U+2028 to U+202E and U+2066 to U+2069: line ends and turns of direction. */
static bool is_deceptive(const char *at, size_t length)
{
	const unsigned char *c = (const unsigned char *)at;

	if (length == 2)
		return c[0] == 0xc2 && c[1] < 0xa0;
	return length == 3 && c[0] == 0xe2 &&
	       ((c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae) ||
		(c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
}

static bool is_control(char c)
{
	return (unsigned char)c < 32 || c == 127;
}

void text_add_line(struct buffer *to, struct span text)
{
	while (text.length > 0) {
		size_t length = character_length(text);

		if (length == 1 && is_control(text.at[0]))
			buffer_add(to, " ", 1);
		else if (length == 0 || is_deceptive(text.at, length))
			buffer_add(to, "?", 1);
		else
			buffer_add(to, text.at, length);
		text = span_skip(text, length > 0 ? length : 1);
	}
}

void text_add_ascii(struct buffer *to, struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.at[i];

		buffer_add(to, (unsigned char)c > 127 ? "?" : is_control(c) ? " " : &c, 1);
	}
}

bool text_is_ascii(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		if ((unsigned char)text.at[i] > 127)
			return false;
	}
	return true;
}

struct span text_cut(struct span text, size_t most)
{
	if (text.length <= most)
		return text;
	while (most > 0 && ((unsigned char)text.at[most] & 0xc0) == 0x80)
		most--;
	return span_make(text.at, most);
}

void text_add_folded(struct buffer *to, struct span text, size_t column, const char *fold)
{
	struct span word;
	bool first = true;

	while (span_cut(&text, ' ', &word)) {
		if (word.length == 0)
			continue;
		if (!first && column + 1 + word.length > TEXT_WIDTH) {
			buffer_add_text(to, fold);
			column = strlen(fold);
		} else if (!first) {
			buffer_add_text(to, " ");
			column++;
		}
		first = false;
		while (column + word.length > WORD_MAX) {
			struct span piece = text_cut(word, WORD_MAX - column);

			buffer_add(to, piece.at, piece.length);
			buffer_add_text(to, fold);
			word = span_skip(word, piece.length);
			column = strlen(fold);
		}
		buffer_add(to, word.at, word.length);
		column += word.length;
	}
}

/* A blank at the end of a line would be lost on the way. */
static bool is_literal(struct span text)
{
	char c = text.at[0];
	bool last = text.length == 1 || text.at[1] == '\r';

	if (c == ' ' || c == '\t')
		return !last;
	return c > 32 && c < 127 && c != '=';
}

void text_add_quoted(struct buffer *to, struct span text)
{
	size_t column = 0;

	for (; text.length > 0; text = span_skip(text, 1)) {
		bool literal = is_literal(text);

		if (text.length > 1 && text.at[0] == '\r' && text.at[1] == '\n') {
			buffer_add_text(to, "\r\n");
			text = span_skip(text, 1);
			column = 0;
			continue;
		}
		if (column + (literal ? 1 : 3) > TEXT_WIDTH - 1) {
			buffer_add_text(to, "=\r\n");
			column = 0;
		}
		if (literal)
			buffer_add(to, text.at, 1);
		else
			buffer_add_format(to, "=%02X", (unsigned char)text.at[0]);
		column += literal ? 1 : 3;
	}
}
