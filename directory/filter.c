/* SPDX-License-Identifier: ISC */
#include "directory/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "directory/escape.h"

enum { FILTER_PIECES_MAX = 64 };

struct filter_piece {
	struct span literal; /* when word is 0 */
	size_t word;         /* offset into struct filter_values, plus one */
};

struct filter {
	char *text; /* the literals point into it */
	struct filter_piece pieces[FILTER_PIECES_MAX];
	size_t count;
};

static const struct {
	const char *name;
	size_t offset;
} words[] = {
	{ "address", offsetof(struct filter_values, address) },
	{ "local", offsetof(struct filter_values, local) },
	{ "domain", offsetof(struct filter_values, domain) },
	{ "login", offsetof(struct filter_values, login) },
	{ "user", offsetof(struct filter_values, user) },
};

static size_t word_find(struct span name)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_is(name, words[i].name))
			return words[i].offset + 1;
	return 0;
}

static bool parentheses_balance(struct span text)
{
	int depth = 0;

	if (text.length == 0 || text.at[0] != '(')
		return false;
	for (size_t i = 0; i < text.length; i++) {
		depth += text.at[i] == '(';
		depth -= text.at[i] == ')';
		if (depth < 0 || (depth == 0 && i + 1 < text.length))
			return false;
	}
	return depth == 0;
}

static bool filter_add(struct filter *filter, struct span literal, size_t word)
{
	if (!word && literal.length == 0)
		return true;
	if (filter->count == FILTER_PIECES_MAX)
		return false;
	filter->pieces[filter->count++] = (struct filter_piece){ literal, word };
	return true;
}

/* Takes "%{name}" from the front of *rest; the offset plus one, 0 with *why. */
static size_t word_take(struct span *rest, const char **why)
{
	const char *end = memchr(rest->at, '}', rest->length);

	*why = "unknown placeholder";
	if (rest->length < 2 || rest->at[1] != '{')
		return 0;
	if (!end) {
		*why = "placeholder without a closing brace";
		return 0;
	}
	size_t length = (size_t)(end - rest->at);
	size_t word = word_find(span_make(rest->at + 2, length - 2));

	*rest = span_skip(*rest, length + 1);
	return word;
}

static const char *filter_compile(struct filter *filter, struct span rest)
{
	const char *why = "too many placeholders";

	while (rest.length > 0) {
		const char *percent = memchr(rest.at, '%', rest.length);
		size_t literal = percent ? (size_t)(percent - rest.at) : rest.length;

		if (!filter_add(filter, span_make(rest.at, literal), 0))
			return why;
		rest = span_skip(rest, literal);
		if (rest.length == 0)
			break;
		size_t word = word_take(&rest, &why);

		if (!word)
			return why;
		why = "too many placeholders";
		if (!filter_add(filter, span_make(NULL, 0), word))
			return why;
	}
	return NULL;
}

struct filter *filter_new(struct span text, const char **why)
{
	struct filter *filter;

	*why = "parentheses do not balance";
	if (span_has_nul(text) || !parentheses_balance(text))
		return NULL;
	filter = memory_new(sizeof(*filter));
	filter->text = memory_text_n(text.at, text.length);
	*why = filter_compile(filter, span_make(filter->text, text.length));
	if (*why) {
		filter_free(filter);
		return NULL;
	}
	return filter;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	free(filter->text);
	free(filter);
}

void filter_expand(const struct filter *filter, const struct filter_values *values,
		   struct buffer *to)
{
	for (size_t i = 0; i < filter->count; i++) {
		const struct filter_piece *piece = &filter->pieces[i];

		if (!piece->word) {
			buffer_add(to, piece->literal.at, piece->literal.length);
			continue;
		}
		const char *base = (const char *)values;
		const struct span *value =
			(const struct span *)(const void *)(base + piece->word - 1);

		escape_filter_value(to, *value);
	}
}

void filter_expand_any(const struct filter *filter, const char *const *names, size_t count,
		       struct buffer *to)
{
	buffer_add_text(to, "(|"); /* with nothing in it false: RFC 4526 */
	for (size_t i = 0; i < count; i++) {
		const char *at = strrchr(names[i], '@');
		struct span login = span_text(names[i]);
		struct span user = at ? span_make(names[i], (size_t)(at - names[i])) : login;
		struct filter_values values = { .address = login,
						.local = user,
						.domain = span_text(at ? at + 1 : ""),
						.login = login,
						.user = user };

		if (names[i][0])
			filter_expand(filter, &values, to);
	}
	buffer_add_text(to, ")");
}
