/* SPDX-License-Identifier: ISC */
#include "mail/mailboxes.h"

#include <string.h>

#define COMMENTS_MAX 32 /* one inside the other */
#define SPEC_SIZE    (2 * ADDRESS_TEXT_SIZE)

struct spec { /* what may turn out to be an address: words, points and "@", without blanks */
	char text[SPEC_SIZE];
	size_t used;
	bool word;   /* the last thing was a word */
	bool phrase; /* two words without a point between: a name, no address */
	bool long_one;
};

void mailboxes_init(struct mailboxes *list, struct span body)
{
	*list = (struct mailboxes){ .rest = body };
}

static bool fail(struct mailboxes *list, const char *why)
{
	list->why = why;
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_special(char c)
{
	return c != '\0' && strchr("<>()[]:;@\\,.\"", c) != NULL;
}

/* `rest` starts with "(". */
static bool skip_comment(struct mailboxes *list)
{
	size_t depth = 0, i = 0;

	for (; i < list->rest.length; i++) {
		char c = list->rest.at[i];

		if (c == '\\')
			i++;
		else if (c == '(' && ++depth > COMMENTS_MAX)
			return fail(list, "comments are nested too deeply");
		else if (c == ')' && --depth == 0)
			break;
	}
	if (i >= list->rest.length)
		return fail(list, "a comment has no \")\"");
	list->rest = span_skip(list->rest, i + 1);
	return true;
}

/* CFWS of RFC 5322 section 3.2.2. */
static bool skip_blanks(struct mailboxes *list)
{
	while (list->rest.length > 0) {
		if (list->rest.at[0] == '(') {
			if (!skip_comment(list))
				return false;
		} else if (is_blank(list->rest.at[0])) {
			list->rest = span_skip(list->rest, 1);
		} else {
			break;
		}
	}
	return true;
}

/* The length of a quoted string with its quotes; 0: it has no end. */
static size_t quoted_length(struct span text)
{
	for (size_t i = 1; i < text.length; i++) {
		if (text.at[i] == '\\')
			i++;
		else if (text.at[i] == '"')
			return i + 1;
	}
	return 0;
}

static size_t word_length(struct span text)
{
	size_t length = 0;

	while (length < text.length && !is_blank(text.at[length]) && !is_special(text.at[length]))
		length++;
	return length;
}

static void spec_add(struct spec *spec, struct span piece)
{
	if (spec->used + piece.length > sizeof(spec->text)) {
		spec->long_one = true; /* a name may be long */
		return;
	}
	memcpy(spec->text + spec->used, piece.at, piece.length);
	spec->used += piece.length;
}

/* A word, quoted or not, or a domain literal. */
static bool take_word(struct mailboxes *list, struct spec *spec)
{
	char c = list->rest.at[0];
	const char *close;
	size_t length;

	if (c == '"') {
		length = quoted_length(list->rest);
		if (length == 0)
			return fail(list, "a quoted text has no closing quote");
	} else if (c == '[') {
		close = memchr(list->rest.at, ']', list->rest.length);
		if (close == NULL)
			return fail(list, "a \"[\" has no \"]\"");
		length = (size_t)(close - list->rest.at) + 1;
	} else {
		length = word_length(list->rest);
		if (length == 0)
			return fail(list, "a character that cannot stand here");
	}
	spec->phrase |= spec->word;
	spec->word = true;
	spec_add(spec, span_make(list->rest.at, length));
	list->rest = span_skip(list->rest, length);
	return true;
}

/* Up to one of `ends`, which stays, or to the end of the text. */
static bool take_spec(struct mailboxes *list, struct spec *spec, const char *ends)
{
	*spec = (struct spec){ 0 };
	while (skip_blanks(list)) {
		char c = list->rest.length > 0 ? list->rest.at[0] : '\0';

		if (list->rest.length == 0 || (c != '\0' && strchr(ends, c) != NULL))
			return true;
		if (c == '.' || c == '@') {
			spec->word = false;
			spec_add(spec, span_make(list->rest.at, 1));
			list->rest = span_skip(list->rest, 1);
		} else if (!take_word(list, spec)) {
			return false;
		}
	}
	return false;
}

static bool spec_parse(struct mailboxes *list, const struct spec *spec, struct address *address)
{
	if (spec->long_one)
		return fail(list, "an address is too long");
	if (spec->phrase)
		return fail(list,
			    "a name without an address in \"<\" and \">\" behind it, or blanks in "
			    "an address");
	return address_parse(span_make(spec->text, spec->used), address, &list->why);
}

/* `rest` starts with "<". A route (section 4.4) is skipped. */
static bool take_angle(struct mailboxes *list, struct address *address)
{
	struct spec spec;

	list->rest = span_skip(list->rest, 1);
	if (!take_spec(list, &spec, "<>:,;"))
		return false;
	while (list->rest.length > 0 && spec.used > 0 && spec.text[0] == '@' &&
	       strchr(":,", list->rest.at[0]) != NULL) {
		list->rest = span_skip(list->rest, 1);
		if (!take_spec(list, &spec, "<>:,;"))
			return false;
	}
	if (list->rest.length == 0 || list->rest.at[0] != '>')
		return fail(list, "a \"<\" has no \">\"");
	list->rest = span_skip(list->rest, 1);
	if (!spec_parse(list, &spec, address) || !skip_blanks(list))
		return false;
	if (list->rest.length > 0 && strchr(",;", list->rest.at[0]) == NULL)
		return fail(list, "text stands behind \">\" where a \",\" is expected");
	return true;
}

/* Behind an address: "," or the end of its group, which need no "," (section 4.4). */
static bool take_end(struct mailboxes *list)
{
	if (list->rest.length == 0 || list->rest.at[0] == ',')
		return true;
	if (list->rest.at[0] == ';' && !list->in_group)
		return fail(list, "a \";\" without a group; addresses are separated by \",\"");
	return true;
}

/* Separators in front of the next address. False: nothing comes any more, or trouble. */
static bool skip_separators(struct mailboxes *list)
{
	while (skip_blanks(list)) {
		if (list->rest.length == 0)
			return list->in_group ? fail(list, "a group has no \";\"") : false;
		if (list->rest.at[0] == ';') {
			if (!list->in_group)
				return fail(list,
					    "a \";\" without a group; addresses are separated "
					    "by \",\"");
			list->in_group = false;
		} else if (list->rest.at[0] != ',') {
			return true;
		}
		list->rest = span_skip(list->rest, 1);
	}
	return false;
}

bool mailboxes_next(struct mailboxes *list, struct address *address)
{
	struct spec spec;

	if (list->why != NULL)
		return false;
	while (skip_separators(list)) {
		list->at = list->rest;
		if (!take_spec(list, &spec, "<>,:;"))
			return false;
		if (list->rest.length > 0 && list->rest.at[0] == '<')
			return take_angle(list, address) && take_end(list);
		if (list->rest.length > 0 && list->rest.at[0] == '>')
			return fail(list, "a \">\" without a \"<\"");
		if (list->rest.length == 0 || list->rest.at[0] != ':')
			return spec_parse(list, &spec, address) && take_end(list);
		if (list->in_group)
			return fail(list, "a group inside a group");
		if (spec.used == 0)
			return fail(list, "a group without a name");
		list->in_group = true;
		list->rest = span_skip(list->rest, 1);
	}
	return false;
}
