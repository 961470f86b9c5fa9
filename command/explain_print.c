/* SPDX-License-Identifier: ISC */
#include "command/explain.h"

#include <stdio.h>
#include <string.h>

#include "command/json.h"

enum { KEY_WIDTH = 34 };

bool explain_take(struct span *lines, struct span *key, struct span *value)
{
	while (span_cut(lines, '\n', value))
		if (span_cut(value, '\t', key) && value->at)
			return true;
	return false;
}

struct span explain_value(struct span lines, const char *wanted)
{
	struct span key, value;

	while (explain_take(&lines, &key, &value))
		if (span_is(key, wanted))
			return value;
	return (struct span){ NULL, 0 };
}

static bool is_list(struct span key)
{
	return key.length > 2 && memcmp(key.at + key.length - 2, "[]", 2) == 0;
}

/* What stands in front of the slash of a step; empty: it is none. */
static struct span group_of(struct span key)
{
	const char *slash = memchr(key.at, '/', key.length);

	return slash ? span_make(key.at, (size_t)(slash - key.at)) : span_text("");
}

/* ---- text: steps below a heading of their own ---- */

void explain_print_text(FILE *to, struct span lines)
{
	struct span key, value, group = span_text("");

	while (explain_take(&lines, &key, &value)) {
		struct span own = group_of(key);
		int indent = own.length > 0 ? 2 : 0;

		if (own.length > 0 && !span_equal(own, group))
			fprintf(to, "%.*s:\n", (int)own.length, own.at);
		group = own;
		if (own.length > 0)
			key = span_skip(key, own.length + 1);
		if (is_list(key))
			key.length -= 2;
		fprintf(to, "%*s%-*.*s %.*s\n", indent, "", KEY_WIDTH - indent, (int)key.length,
			key.at, (int)value.length, value.at);
	}
}

/* ---- JSON: each member once, where its first line stands ---- */

/* What lines of one member have in common. */
static struct span member_of(struct span key)
{
	struct span group = group_of(key);

	if (group.length > 0)
		return group;
	return is_list(key) ? span_make(key.at, key.length - 2) : key;
}

static bool is_first(struct span lines, struct span key)
{
	struct span other, value;

	while (explain_take(&lines, &other, &value) && other.at < key.at)
		if (span_equal(member_of(other), member_of(key)))
			return false;
	return true;
}

static void print_item(FILE *to, struct span key, struct span value)
{
	struct span group = group_of(key);

	if (group.length > 0) {
		fprintf(to, "{");
		json_text(to, span_skip(key, group.length + 1));
		fprintf(to, ": ");
	}
	json_text(to, value);
	if (group.length > 0)
		fprintf(to, "}");
}

static void print_member(FILE *to, struct span lines, struct span wanted)
{
	struct span name = member_of(wanted), key, value;
	bool many = is_list(wanted) || group_of(wanted).length > 0, first = true;

	json_text(to, name);
	fprintf(to, many ? ": [" : ": ");
	while (explain_take(&lines, &key, &value)) {
		if (!span_equal(member_of(key), name) || (!many && !first))
			continue;
		if (!first)
			fprintf(to, ",\n    ");
		print_item(to, key, value);
		first = false;
	}
	if (many)
		fprintf(to, "]");
}

void explain_print_json(FILE *to, struct span lines)
{
	struct span rest = lines, key, value;
	bool first = true;

	fprintf(to, "{");
	while (explain_take(&rest, &key, &value)) {
		if (!is_first(lines, key))
			continue;
		fprintf(to, first ? "\n  " : ",\n  ");
		print_member(to, lines, key);
		first = false;
	}
	fprintf(to, "\n}\n");
}
