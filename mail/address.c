/* SPDX-License-Identifier: ISC */
#include "mail/address.h"

#include <string.h>

#include "mail/domain.h"

static bool is_utf8_octet(char c)
{
	return (unsigned char)c > 127;
}

/* RFC 5322 section 3.2.3, extended by RFC 6531 section 3.3. */
static bool is_atext(char c)
{
	return ascii_is_alnum(c) || is_utf8_octet(c) ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool local_add(struct address *address, size_t *used, char c, const char **why)
{
	if (*used == ADDRESS_LOCAL_MAX) {
		*why = "local part too long";
		return false;
	}
	address->local[(*used)++] = c;
	address->utf8 |= is_utf8_octet(c);
	return true;
}

/* Quoted-string of RFC 5321 section 4.1.2; `text` starts behind the opening quote. */
static bool parse_quoted(struct span *text, struct address *address, const char **why)
{
	size_t used = 0;

	while (text->length > 0 && text->at[0] != '"') {
		char c = text->at[0];

		if (c == '\\') {
			*text = span_skip(*text, 1);
			/* quoted-pairSMTP is printable ASCII only. */
			if (text->length == 0 || is_utf8_octet(text->at[0]))
				break;
			c = text->at[0];
		}
		if ((unsigned char)c < 32 || c == 127) {
			*why = "control character in local part";
			return false;
		}
		if (!local_add(address, &used, c, why))
			return false;
		*text = span_skip(*text, 1);
	}
	if (text->length == 0 || text->at[0] != '"') {
		*why = "quoted string not closed";
		return false;
	}
	*text = span_skip(*text, 1);
	return true;
}

/* Dot-string of RFC 5321 section 4.1.2. */
static bool parse_dot_string(struct span *text, struct address *address, const char **why)
{
	size_t used = 0;
	bool atom = false;

	while (text->length > 0 && (is_atext(text->at[0]) || (atom && text->at[0] == '.'))) {
		atom = text->at[0] != '.';
		if (!local_add(address, &used, text->at[0], why))
			return false;
		*text = span_skip(*text, 1);
	}
	if (!atom)
		*why = "bad local part";
	return atom;
}

static bool parse_local(struct span *text, struct address *address, const char **why)
{
	bool quoted = text->length > 0 && text->at[0] == '"';

	if (quoted) {
		*text = span_skip(*text, 1);
		if (!parse_quoted(text, address, why))
			return false;
	} else if (!parse_dot_string(text, address, why)) {
		return false;
	}
	/* The empty local part is what marks the null address. */
	if (address->local[0] == '\0') {
		*why = "empty local part";
		return false;
	}
	if (address->utf8 && !domain_text_valid(span_text(address->local))) {
		*why = "local part is not valid UTF-8";
		return false;
	}
	return true;
}

/* The text up to the end of a domain or literal: whatever cannot stand in one ends it. */
static struct span take_domain(struct span *text)
{
	struct span domain = *text;
	size_t length = 0;

	while (length < text->length && strchr(">,: \"@", text->at[length]) == NULL)
		length++;
	if (text->length > 0 && text->at[0] == '[') {
		const char *close = memchr(text->at, ']', text->length);

		length = close != NULL ? (size_t)(close - text->at) + 1 : text->length;
	}
	domain.length = length;
	*text = span_skip(*text, length);
	return domain;
}

static bool parse_domain(struct span *text, struct address *address, const char **why)
{
	struct span domain = take_domain(text);

	address->literal = domain.length > 0 && domain.at[0] == '[';
	if (address->literal ? !domain_literal_valid(domain) : !domain_valid(domain)) {
		*why = address->literal ? "bad address literal" : "bad domain";
		return false;
	}
	if (!span_copy(domain, address->domain, sizeof(address->domain))) {
		*why = "domain too long";
		return false;
	}
	ascii_lower_text(address->domain);
	for (size_t i = 0; i < domain.length; i++)
		address->utf8 |= is_utf8_octet(domain.at[i]);
	return true;
}

static bool parse_mailbox(struct span *text, struct address *address, const char **why)
{
	if (!parse_local(text, address, why))
		return false;
	if (text->length == 0 || text->at[0] != '@')
		return true;
	*text = span_skip(*text, 1);
	return parse_domain(text, address, why);
}

/* A-d-l of RFC 5321 section 4.1.2: must be accepted, should be ignored (appendix C). */
static bool skip_route(struct span *text, const char **why)
{
	if (text->length == 0 || text->at[0] != '@')
		return true;
	*why = "bad source route";
	while (text->length > 0 && text->at[0] == '@') {
		*text = span_skip(*text, 1);
		if (!domain_valid(take_domain(text)) || text->length == 0)
			return false;
		if (text->at[0] == ':') {
			*text = span_skip(*text, 1);
			return true;
		}
		if (text->at[0] != ',')
			return false;
		*text = span_skip(*text, 1);
	}
	return false;
}

bool address_parse_path(struct span text, bool null_ok, struct address *address, struct span *rest,
			const char **why)
{
	*address = (struct address){ 0 };
	if (text.length == 0 || text.at[0] != '<') {
		*why = "address not in angle brackets";
		return false;
	}
	text = span_skip(text, 1);
	if (text.length > 0 && text.at[0] == '>') {
		*rest = span_skip(text, 1);
		*why = "empty address";
		return null_ok;
	}
	if (!skip_route(&text, why) || !parse_mailbox(&text, address, why))
		return false;
	if (text.length == 0 || text.at[0] != '>') {
		*why = "unexpected character in address";
		return false;
	}
	*rest = span_skip(text, 1);
	return true;
}

bool address_parse(struct span text, struct address *address, const char **why)
{
	*address = (struct address){ 0 };
	if (!parse_mailbox(&text, address, why))
		return false;
	if (text.length > 0)
		*why = "unexpected character in address";
	return text.length == 0;
}

bool address_is_null(const struct address *address)
{
	return address->local[0] == '\0';
}

static bool needs_quotes(const char *local)
{
	bool atom = false;

	for (const char *c = local; *c != '\0'; c++) {
		if (!is_atext(*c) && !(atom && *c == '.'))
			return true;
		atom = *c != '.';
	}
	return !atom;
}

void address_text(const struct address *address, char to[ADDRESS_TEXT_SIZE])
{
	bool quotes = !address_is_null(address) && needs_quotes(address->local);
	char *at = to;

	if (quotes)
		*at++ = '"';
	for (const char *c = address->local; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			*at++ = '\\';
		*at++ = *c;
	}
	if (quotes)
		*at++ = '"';
	*at = '\0';
	if (address->domain[0] != '\0') {
		*at++ = '@';
		memcpy(at, address->domain, strlen(address->domain) + 1);
	}
}
