/* SPDX-License-Identifier: ISC */
#include "mail/words.h"

#include <string.h>

#include "base/base64.h"
#include "mail/text.h"

/* RFC 2047 section 2 says 75; longer ones are met, and mean what they say. */
#define WORD_MAX 998
#define CHUNK    45 /* octets that make 60 of base64, so that a word has less than 75 */

enum charset { CHARSET_UTF8, CHARSET_LATIN1 };

struct word {
	enum charset charset;
	char encoding; /* 'b' or 'q' */
	struct span text;
	size_t length; /* of all of it */
};

static bool charset_known(struct span name, enum charset *charset)
{
	const char *star = memchr(name.at, '*', name.length); /* a language, RFC 2231 section 5 */

	if (star != NULL)
		name.length = (size_t)(star - name.at);
	*charset = span_is_nocase(name, "iso-8859-1") ? CHARSET_LATIN1 : CHARSET_UTF8;
	return *charset == CHARSET_LATIN1 || span_is_nocase(name, "utf-8") ||
	       span_is_nocase(name, "us-ascii");
}

/* The encoded word at the start of text. */
static bool word_parse(struct span text, struct word *word)
{
	struct span rest, charset, encoding;

	if (text.length < 2 || memcmp(text.at, "=?", 2) != 0)
		return false;
	rest = span_skip(text, 2);
	if (!span_cut(&rest, '?', &charset) || !span_cut(&rest, '?', &encoding) ||
	    !span_cut(&rest, '?', &word->text) || rest.length == 0 || rest.at[0] != '=')
		return false;
	word->length = (size_t)(rest.at - text.at) + 1;
	if (word->length > WORD_MAX || encoding.length != 1 || charset.length == 0 ||
	    memchr(text.at, ' ', word->length) != NULL)
		return false;
	word->encoding = ascii_lower(encoding.at[0]);
	return (word->encoding == 'b' || word->encoding == 'q') &&
	       charset_known(charset, &word->charset);
}

static void decode_quoted(struct buffer *to, struct span text)
{
	for (; text.length > 0; text = span_skip(text, 1)) {
		char c = text.at[0];
		size_t length;

		if (c == '=' && text.length > 2 &&
		    hex_decode(span_make(text.at + 1, 2), &c, 1, &length))
			text = span_skip(text, 2);
		else if (c == '_')
			c = ' ';
		buffer_add(to, &c, 1);
	}
}

/* False: it is not what it says. */
static bool word_octets(struct buffer *to, const struct word *word)
{
	unsigned char octets[WORD_MAX];
	size_t length;

	if (word->encoding == 'q') {
		decode_quoted(to, word->text);
		return true;
	}
	if (!base64_decode(word->text, octets, sizeof(octets), &length))
		return false;
	buffer_add(to, octets, length);
	return true;
}

static void add_latin1(struct buffer *to, struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.at[i];
		char two[2] = { (char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)) };

		buffer_add(to, c < 0x80 ? &text.at[i] : two, c < 0x80 ? 1 : 2);
	}
}

/* Blanks between two encoded words are not part of the text (section 6.2). */
static struct span skip_between(struct span text)
{
	struct span rest = text;
	struct word next;

	while (rest.length > 0 && rest.at[0] == ' ')
		rest = span_skip(rest, 1);
	return word_parse(rest, &next) ? rest : text;
}

/* `text` is one line: folds are blanks. */
static void decode_line(struct buffer *to, struct span text)
{
	struct buffer octets = BUFFER_EMPTY;
	struct word word;

	while (text.length > 0) {
		if (!word_parse(text, &word) || !word_octets(&octets, &word)) {
			buffer_add(to, text.at, 1);
			text = span_skip(text, 1);
			continue;
		}
		/* One character may be spread over words, against section 5: they are joined. */
		if (word.charset == CHARSET_LATIN1)
			add_latin1(to, buffer_span(&octets));
		else
			buffer_add(to, octets.memory, buffer_used(&octets));
		buffer_clear(&octets);
		text = skip_between(span_skip(text, word.length));
	}
}

/* Line ends go, and the blanks behind them become one. */
static void unfold(struct buffer *to, struct span body)
{
	for (size_t i = 0; i < body.length; i++) {
		char c = body.at[i];

		if (c == '\r' || c == '\n')
			continue;
		buffer_add(to, c == '\t' ? " " : &c, 1);
	}
}

void words_decode(struct buffer *to, struct span body)
{
	struct buffer line = BUFFER_EMPTY, decoded = BUFFER_EMPTY;

	unfold(&line, body);
	decode_line(&decoded, span_trim(buffer_span(&line)));
	text_add_line(to, buffer_span(&decoded));
	buffer_clear(&line);
	buffer_clear(&decoded);
}

void words_encode(struct buffer *to, struct span text, size_t column)
{
	char encoded[BASE64_ENCODED(CHUNK)];
	const char *between = "";

	if (text_is_ascii(text)) {
		text_add_folded(to, text, column, "\r\n\t");
		return;
	}
	while (text.length > 0) {
		struct span piece = text_cut(text, CHUNK);

		base64_encode(piece, encoded, sizeof(encoded));
		buffer_add_format(to, "%s=?utf-8?B?%s?=", between, encoded);
		between = "\r\n\t";
		text = span_skip(text, piece.length);
	}
}
