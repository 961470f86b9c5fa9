/* SPDX-License-Identifier: ISC */
/*
 * Checks a filter template against RFC 4515 section 3, where a value may hold
 * placeholders: a misspelt one would be searched for literally and never match.
 */
#include "conf/conf_private.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 20 /* filters within filters */

struct filter {
	const char *start, *at;
	const char *const *placeholders;
	size_t needed;
	bool found; /* one of those needed */
	const char *why;
};

static bool fail(struct filter *filter, const char *why)
{
	filter->why = why;
	return false;
}

static bool pass_placeholder(struct filter *filter)
{
	const char *name = filter->at + 2, *end = strchr(name, '}');

	if (!end)
		return fail(filter, "\"%{\" is not closed: add }");
	for (size_t i = 0; filter->placeholders[i]; i++) {
		if (span_is(span_make(name, (size_t)(end - name)), filter->placeholders[i])) {
			filter->found |= i < filter->needed;
			filter->at = end + 1;
			return true;
		}
	}
	return fail(filter, "an unknown placeholder");
}

static bool hexadecimal(char c)
{
	return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

/* assertionvalue, and "*" of presence and substrings where `stars`. */
static bool pass_value(struct filter *filter, bool stars)
{
	for (;;) {
		char c = *filter->at;

		if (c == ')')
			return true;
		if (c == '\0')
			return fail(filter, "a parenthesis is not closed: add )");
		if (c == '(')
			return fail(filter,
				    "\"(\" inside a value: write \\28, or look for a missing )");
		if (c == '*' && !stars)
			return fail(filter, "\"*\" inside such a value: write \\2a");
		if ((unsigned char)c < ' ')
			return fail(filter, "a control character: write it as \\ and two digits");
		if (c == '\\' && (!hexadecimal(filter->at[1]) || !hexadecimal(filter->at[2])))
			return fail(filter, "a backslash without two hexadecimal digits: add them");
		if (c == '%' && filter->at[1] == '{') {
			if (!pass_placeholder(filter))
				return false;
			continue;
		}
		if (c == '%')
			return fail(filter,
				    "\"%\" without a placeholder (\\25 is the sign itself)");
		filter->at++;
	}
}

/* An attribute description with options, or an OID (RFC 4512 section 2.5); also a matching rule. */
static bool pass_name(struct filter *filter)
{
	const char *begin = filter->at;

	while (ascii_is_alnum(*filter->at) || (*filter->at && strchr("-.;", *filter->at)))
		filter->at++;
	return filter->at > begin;
}

/* attr ["=" / "~=" / ">=" / "<="] value, or an extensible match. */
static bool pass_item(struct filter *filter)
{
	bool named = pass_name(filter), extensible = false;

	while (*filter->at == ':' && filter->at[1] != '=') {
		filter->at++;
		extensible = true;
		if (!pass_name(filter))
			return fail(filter,
				    "nothing between \":\" and \"=\": write attr:rule:=value");
	}
	if (!named && !extensible)
		return fail(filter, "an attribute name is missing: write (attribute=value)");
	if (*filter->at == ':' || (!extensible && *filter->at && strchr("~<>", *filter->at))) {
		extensible = true;
		filter->at++;
	} else if (extensible) {
		return fail(filter, "\":=\" is missing: write attr:rule:=value");
	}
	if (*filter->at != '=')
		return fail(filter, "\"=\" is missing: write (attribute=value)");
	filter->at++;
	return pass_value(filter, !extensible);
}

static bool pass_filter(struct filter *filter, unsigned depth)
{
	unsigned inner = 0;
	char kind;

	if (*filter->at != '(')
		return fail(
			filter,
			"\"(\" is missing: write each part in parentheses, without spaces between");
	if (depth == DEPTH_MAX)
		return fail(filter,
			    "too many parentheses within each other: make the filter simpler");
	kind = *++filter->at;
	if (kind == '&' || kind == '|' || kind == '!') {
		filter->at++;
		while (*filter->at == '(' && (kind != '!' || inner == 0)) {
			if (!pass_filter(filter, depth + 1))
				return false;
			inner++;
		}
		if (inner == 0)
			return fail(filter, "nothing after the operator: write (&(...)(...)), "
					    "without spaces");
	} else if (!pass_item(filter)) {
		return false;
	}
	if (*filter->at != ')')
		return fail(filter, "\")\" is missing: add it, without spaces before");
	filter->at++;
	return true;
}

static bool all_checked(struct filter *filter)
{
	if (!pass_filter(filter, 0))
		return false;
	if (*filter->at)
		return fail(filter, "something follows the last parenthesis: remove it, or put (& "
				    ") around all");
	if (!filter->found)
		return fail(filter,
			    "no placeholder for what is looked for, so that every search would "
			    "find the same");
	return true;
}

bool conf_filter_check(const char *text, const char *const *placeholders, size_t needed, char *why,
		       size_t size)
{
	struct filter filter = {
		.start = text, .at = text, .placeholders = placeholders, .needed = needed
	};
	size_t used;

	if (all_checked(&filter))
		return true;
	used = (size_t)snprintf(why, size, "at character %zu: %s", (size_t)(filter.at - text) + 1,
				filter.why);
	if (strstr(filter.why, "placeholder"))
		for (size_t i = 0; placeholders[i] && used < size; i++)
			used += (size_t)snprintf(why + used, size - used, "%s%%{%s}",
						 i ? ", " : ": write one of ", placeholders[i]);
	return false;
}
