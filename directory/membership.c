/* SPDX-License-Identifier: ISC */
/*
 * Is a person a member of one of some groups? AD says it itself: security groups stand in his
 * tokenGroups (MS-ADTS 3.1.1.4.5.19), others are found by LDAP_MATCHING_RULE_TRANSITIVE_EVAL
 * (3.1.1.3.4.4.3) from him and from his primary group. Elsewhere groups are walked upwards.
 */
#include "directory/membership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/dn.h"
#include "directory/entry.h"
#include "directory/escape.h"
#include "directory/forest.h"
#include "directory/lookup.h"
#include "directory/member_query.h"
#include "directory/memberships.h"

enum { STEP_MS = 20000 };

bool membership_fail(struct membership *membership, const char *what, const char *why)
{
	snprintf(membership->why, membership->size, "%.180s: %.200s", what, why);
	return false;
}

static int64_t step(const struct membership *membership)
{
	int64_t soon = clock_ms() + STEP_MS;

	return soon < membership->deadline ? soon : membership->deadline;
}

/* The one entry at that name, if the filter holds for it. *entry NULL: not, or it is not there. */
static bool read_at(struct membership *membership, const char *base, const char *filter,
		    const char *const *attributes, struct entry **entry)
{
	struct search search = { .base = base,
				 .scope = LDAP_SCOPE_BASE,
				 .filter = filter,
				 .attributes = attributes,
				 .ad = membership->directory->section->schema.active_directory };
	struct search_result result;
	struct lookup *lookup = forest_lookup(membership->directory, base);
	bool good;

	*entry = NULL;
	if (!lookup)
		return membership_fail(membership, base, "too many domains");
	good = lookup_search(lookup, &search, step(membership), &result);
	if (good && result.count == 1) {
		*entry = result.entries[0];
		result.count = 0;
	} else if (!good && result.code == LDAP_NO_SUCH_OBJECT) {
		good = true;
	} else if (!good) {
		(void)membership_fail(membership, base,
				      result.diagnostic[0] ? result.diagnostic
							   : ldap_err2string(result.code));
	}
	search_result_clear(&result);
	return good;
}

static bool holds_at(struct membership *membership, const char *base, const char *filter,
		     bool *holds)
{
	static const char *const none[] = { LDAP_NO_ATTRS, NULL };
	struct entry *entry;
	bool good = read_at(membership, base, filter, none, &entry);

	*holds = entry != NULL;
	entry_free(entry);
	return good;
}

static void find_sid(struct membership *membership, const char *sid)
{
	for (size_t i = 0; i < membership->count && !membership->found; i++)
		if (membership->groups[i] && strcmp(membership->groups[i]->person.sid, sid) == 0) {
			membership->found = true;
			membership->which = i;
		}
}

/* What AD puts into a token; and the SID of the primary group, "" = unknown. */
static bool compare_token(struct membership *membership, char primary[200])
{
	static const char *const attributes[] = { "tokenGroups", "primaryGroupID", NULL };
	const char *domain = membership->person->sid, *rid = strrchr(domain, '-');
	struct entry *entry;
	struct span value;
	char sid[192];

	primary[0] = '\0';
	/* Contacts have no token. */
	if (!domain[0])
		return true;
	if (!read_at(membership, membership->person->dn, "(objectClass=*)", attributes, &entry))
		return false;
	if (!entry)
		return true;
	for (size_t i = 0; !membership->found && entry_value(entry, "tokenGroups", i, &value); i++)
		if (sid_text(value, sid, sizeof(sid)))
			find_sid(membership, sid);
	if (rid && entry_number(entry, "primaryGroupID", 0) > 0)
		snprintf(primary, 200, "%.*s-%lld", (int)(rid - domain), domain,
			 (long long)entry_number(entry, "primaryGroupID", 0));
	entry_free(entry);
	return true;
}

static void add_chain(struct buffer *filter, const char *dn)
{
	buffer_add_text(filter, "(memberOf:1.2.840.113556.1.4.1941:=");
	escape_filter_value(filter, span_text(dn));
	buffer_add_text(filter, ")");
}

/* Groups that never stand in a token; all of them for who has none, as contacts. */
static bool needs_chain(const struct membership *membership, const struct mail_object *group)
{
	return group && group->members_by_dn && (!group->security || !membership->person->sid[0]);
}

/* First all of them at once, since mostly he is in none. */
static bool find_chain(struct membership *membership, const char *base, size_t first, size_t end,
		       bool *holds)
{
	struct buffer filter = BUFFER_EMPTY;
	size_t asked = 0;
	bool good = true;

	*holds = false;
	buffer_add_text(&filter, "(|");
	for (size_t i = first; i < end; i++)
		if (needs_chain(membership, membership->groups[i])) {
			add_chain(&filter, membership->groups[i]->person.dn);
			asked++;
		}
	buffer_add(&filter, ")", 2); /* and the NUL */
	if (asked > 0)
		good = holds_at(membership, base, buffer_bytes(&filter), holds);
	buffer_clear(&filter);
	return good;
}

static bool compare_chain(struct membership *membership, const char *base)
{
	bool holds;

	if (!find_chain(membership, base, 0, membership->count, &holds))
		return false;
	for (size_t i = 0; holds && !membership->found && i < membership->count; i++) {
		if (!find_chain(membership, base, i, i + 1, &membership->found))
			return false;
		membership->which = i;
	}
	return true;
}

static bool ask_ad(struct membership *membership)
{
	char primary[200], base[220];

	if (!compare_token(membership, primary) || membership->found)
		return membership->found;
	if (!compare_chain(membership, membership->person->dn))
		return false;
	snprintf(base, sizeof(base), "<SID=%s>", primary);
	return membership->found || !primary[0] || compare_chain(membership, base);
}

/* Is `dn` within that scope of the base? */
static bool in_scope(const char *dn, const char *base, int scope)
{
	char *name = dn_normal(dn), *top = dn_normal(base);
	size_t length = name ? strlen(name) : 0, end = top ? strlen(top) : 0;
	bool below = name && top && length > end && name[length - end - 1] == ',' &&
		     strcmp(name + length - end, top) == 0;
	bool same = name && top && strcmp(name, top) == 0;
	const char *comma = name ? strchr(name, ',') : NULL;
	bool within = scope == LDAP_SCOPE_BASE       ? same
		      : scope == LDAP_SCOPE_ONELEVEL ? below && comma && strcmp(comma + 1, top) == 0
						     : below || same;

	free(name);
	free(top);
	return within;
}

static bool ask_query(struct membership *membership, const struct mail_object *group, bool *holds)
{
	struct member_query query;
	const char *why;
	bool good = member_query_parse(group->member_filter, group->member_base, &query, &why);

	*holds = false;
	if (!good)
		(void)membership_fail(membership, group->person.dn, why);
	else if (!query.base || in_scope(membership->person->dn, query.base, query.scope))
		good = holds_at(membership, membership->person->dn, query.filter, holds);
	member_query_clear(&query);
	return good;
}

static bool ask_queries(struct membership *membership)
{
	for (size_t i = 0; i < membership->count && !membership->found; i++) {
		const struct mail_object *group = membership->groups[i];

		if (!group || !group->member_filter)
			continue;
		if (!ask_query(membership, group, &membership->found))
			return false;
		membership->which = i;
	}
	return true;
}

/* A group by its DN, its SID or its name. */
static void find_group(struct directory *directory, const char *text, struct directory_hit *hit)
{
	static const char plain[] = "(&(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)"
				    "(objectClass=groupOfMembers)(objectClass=groupOfURLs)"
				    "(objectClass=posixGroup))(cn=";
	bool ad = directory->section->schema.active_directory;
	struct buffer filter = BUFFER_EMPTY;
	char sid[SID_SIZE_MAX], *key;
	size_t length;

	if (dn_valid(text)) {
		ldap_find_dn(directory, text, hit);
		return;
	}
	if (ad && sid_parse(span_text(text), sid, &length)) {
		buffer_add_text(&filter, "(&(objectClass=group)(objectSid=");
		escape_filter_value(&filter, span_make(sid, length));
	} else {
		buffer_add_text(&filter, ad ? "(&(objectClass=group)(sAMAccountName=" : plain);
		escape_filter_value(&filter, span_text(text));
	}
	buffer_add_text(&filter, "))");
	key = memory_format("g:%s", text);
	ascii_lower_text(key);
	ldap_find_kept(directory, key, &filter, hit);
	free(key);
}

static bool find_groups(struct membership *membership, char *const *groups)
{
	for (size_t i = 0; i < membership->count; i++) {
		struct directory_hit hit;

		find_group(membership->directory, groups[i], &hit);
		membership->groups[i] = hit.object;
		if (hit.found == DIRECTORY_MANY)
			return membership_fail(membership, groups[i], "two groups of that name");
		if (hit.found == DIRECTORY_FAILED)
			return membership_fail(membership, groups[i], hit.cause);
		if (hit.found == DIRECTORY_NOBODY)
			(void)membership_fail(membership, groups[i], "no such group");
	}
	return true;
}

static enum directory_found ask(struct membership *membership, char *const *groups)
{
	bool ad = membership->directory->section->schema.active_directory;
	bool good;

	membership->groups = memory_array(membership->count, sizeof(*membership->groups));
	good = find_groups(membership, groups) &&
	       (ad ? ask_ad(membership) : membership_walk(membership)) && ask_queries(membership);
	for (size_t i = 0; i < membership->count; i++)
		object_drop(membership->groups[i]);
	free(membership->groups);
	if (!good)
		return DIRECTORY_FAILED;
	return membership->found ? DIRECTORY_ONE : DIRECTORY_NOBODY;
}

enum directory_found ldap_is_member(struct directory *directory, const struct person *person,
				    char *const *groups, size_t count, int64_t deadline,
				    size_t *which, char why[400])
{
	struct membership membership = { .directory = directory,
					 .person = person,
					 .count = count,
					 .deadline = deadline,
					 .why = why,
					 .size = 400 };
	int64_t now = clock_ms();
	enum directory_found found;
	bool member;

	if (memberships_find(directory->memberships, person->id, groups, count, now, &member,
			     which))
		return member ? DIRECTORY_ONE : DIRECTORY_NOBODY;
	found = ask(&membership, groups);
	*which = membership.which;
	if (found != DIRECTORY_FAILED)
		memberships_keep(directory->memberships, person->id, groups, count, now,
				 found == DIRECTORY_ONE, *which);
	return found;
}
