/* SPDX-License-Identifier: ISC */
#include "relay/masquerade.h"

#include <string.h>

bool masquerade_sender(const struct address *sender, const char *domain, masquerade_ours ours,
		       const void *context, char to[ADDRESS_TEXT_SIZE])
{
	struct address changed = *sender;

	if (!domain || !*domain || address_is_null(sender) || sender->literal ||
	    !ours(context, sender->domain) ||
	    !span_copy(span_text(domain), changed.domain, sizeof changed.domain))
		return false;
	address_text(&changed, to);
	return true;
}

struct rewriting {
	const char *domain;
	masquerade_ours ours;
	const void *context;
	struct buffer *to;
	bool changed;
};

static bool in_domain(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '.' || (c & 0x80);
}

/* Behind "@": a domain of ours is replaced. Returns what was looked at. */
static size_t take_domain(struct rewriting *rewriting, struct span rest)
{
	char name[ADDRESS_DOMAIN_MAX + 1];
	size_t length = 0;

	while (length < rest.length && in_domain(rest.at[length]))
		length++;
	if (length && span_copy(span_make(rest.at, length), name, sizeof name) &&
	    rewriting->ours(rewriting->context, name)) {
		buffer_add_text(rewriting->to, rewriting->domain);
		rewriting->changed = true;
	} else {
		buffer_add(rewriting->to, rest.at, length);
	}
	return length;
}

/* Length of the quoted string or comment that text begins with, to its end or the end of text. */
static size_t closed_part(struct span text)
{
	char close = *text.at == '"' ? '"' : ')';
	unsigned depth = 1;

	for (size_t i = 1; i < text.length; i++) {
		if (text.at[i] == '\\')
			i++;
		else if (text.at[i] == close && --depth == 0)
			return i + 1;
		else if (close == ')' && text.at[i] == '(')
			depth++;
	}
	return text.length;
}

static void rewrite_field(struct rewriting *rewriting, struct span field)
{
	while (field.length) {
		size_t used = 1;

		if (*field.at == '"' || *field.at == '(')
			used = closed_part(field);
		buffer_add(rewriting->to, field.at, used);
		if (*field.at == '@')
			used += take_domain(rewriting, span_skip(field, 1));
		field = span_skip(field, used);
	}
}

/* A field with its folded lines. */
static struct span cut_field(struct span *header)
{
	struct span field = *header;
	const char *at = field.at, *end = at + field.length;

	do {
		const char *lf = memchr(at, '\n', (size_t)(end - at));

		at = lf ? lf + 1 : end;
	} while (at < end && (*at == ' ' || *at == '\t'));
	field.length = (size_t)(at - field.at);
	*header = span_skip(*header, field.length);
	return field;
}

static bool is_from(struct span field)
{
	const char *colon = memchr(field.at, ':', field.length);

	return colon &&
	       span_is_nocase(span_trim(span_make(field.at, (size_t)(colon - field.at))), "From");
}

bool masquerade_header(struct span header, const char *domain, masquerade_ours ours,
		       const void *context, struct buffer *to)
{
	struct rewriting rewriting = {
		.domain = domain, .ours = ours, .context = context, .to = to
	};

	while (header.length) {
		struct span field = cut_field(&header);

		if (is_from(field))
			rewrite_field(&rewriting, field);
		else
			buffer_add(to, field.at, field.length);
	}
	return rewriting.changed;
}
