/* SPDX-License-Identifier: ISC */
/* Groups walked upwards from a person: which ones have him, which ones have those, and so on. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/table.h"
#include "conf/conf.h"
#include "directory/dn.h"
#include "directory/escape.h"
#include "directory/membership.h"
#include "directory/names.h"

enum { DEPTH_MAX = 32, GROUPS_MAX = 20000, BATCH = 50 /* names a search */ };

struct walk {
	struct membership *membership;
	struct table *seen; /* names in normal form */
	char **wanted;      /* of the groups asked for, in normal form; NULL = none such */
};

static void add_term(struct buffer *filter, const char *attribute, const char *value)
{
	if (!attribute || !attribute[0] || !value[0])
		return;
	buffer_add_format(filter, "(%s=", attribute);
	escape_filter_value(filter, span_text(value));
	buffer_add_text(filter, ")");
}

/* Those that have one of the names as a member; with nothing to ask by, none. */
static bool ask_above(struct walk *walk, char *const *names, size_t count, bool person,
		      struct texts *above)
{
	struct membership *membership = walk->membership;
	const struct conf_schema *schema = &membership->directory->section->schema;
	struct buffer filter = BUFFER_EMPTY;
	size_t empty;
	char why[300];
	bool good = true;

	buffer_add_text(&filter, "(|");
	empty = buffer_used(&filter);
	for (size_t i = 0; i < count; i++)
		add_term(&filter, schema->attribute[CONF_ATTRIBUTE_MEMBER], names[i]);
	if (person)
		add_term(&filter, schema->attribute[CONF_ATTRIBUTE_MEMBER_UID],
			 membership->person->account);
	if (buffer_used(&filter) > empty) {
		buffer_add(&filter, ")", 2); /* and the NUL */
		good = names_of_few(membership->directory, NULL, LDAP_SCOPE_SUBTREE,
				       buffer_bytes(&filter), membership->deadline, above, why,
				       sizeof(why));
		if (!good)
			(void)membership_fail(membership, membership->person->dn, why);
	}
	buffer_clear(&filter);
	return good;
}

/* Is it new? Then it is looked at: it may be one of those asked for. */
static bool is_new(struct walk *walk, const char *name)
{
	struct membership *membership = walk->membership;
	char *normal = dn_normal(name);
	bool fresh = normal && !table_find(walk->seen, span_text(normal), 0);

	if (fresh)
		table_put(walk->seen, span_text(normal), walk, INT64_MAX);
	for (size_t i = 0; fresh && !membership->found && i < membership->count; i++)
		if (walk->wanted[i] && strcmp(walk->wanted[i], normal) == 0) {
			membership->found = true;
			membership->which = i;
		}
	free(normal);
	return fresh;
}

/* Leaves those that were not seen before. */
static void sift(struct walk *walk, struct texts *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->count; i++) {
		if (is_new(walk, names->at[i]))
			names->at[kept++] = names->at[i];
		else
			free(names->at[i]);
	}
	names->count = kept;
}

static bool climb(struct walk *walk, const struct texts *names, bool person, struct texts *above)
{
	for (size_t i = 0; i < names->count; i += BATCH) {
		size_t left = names->count - i;

		if (!ask_above(walk, names->at + i, left < BATCH ? left : BATCH, person, above))
			return false;
	}
	sift(walk, above);
	return true;
}

static bool walk_up(struct walk *walk)
{
	struct membership *membership = walk->membership;
	struct texts names = { .at = memory_array(1, sizeof(char *)), .count = 1 };
	bool good = true;

	names.at[0] = memory_text(membership->person->dn);
	for (int depth = 0; good && names.count > 0 && !membership->found; depth++) {
		struct texts above = { .count = 0 };

		if (depth == DEPTH_MAX || table_count(walk->seen) > GROUPS_MAX)
			good = membership_fail(membership, membership->person->dn,
					       "groups within groups without an end");
		else
			good = climb(walk, &names, depth == 0, &above);
		names_clear(&names);
		names = above;
	}
	names_clear(&names);
	return good;
}

bool membership_walk(struct membership *membership)
{
	struct walk walk = { .membership = membership,
			     .seen = table_new(GROUPS_MAX * 2, NULL),
			     .wanted = memory_array(membership->count, sizeof(char *)) };
	bool good;

	for (size_t i = 0; i < membership->count; i++)
		if (membership->groups[i])
			walk.wanted[i] = dn_normal(membership->groups[i]->person.dn);
	good = walk_up(&walk);
	for (size_t i = 0; i < membership->count; i++)
		free(walk.wanted[i]);
	free(walk.wanted);
	table_free(walk.seen);
	return good;
}
