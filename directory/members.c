/* SPDX-License-Identifier: ISC */
/* The members of a group of an LDAP directory, one level, by every way in which an entry names
 * them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/table.h"
#include "conf/conf.h"
#include "directory/directory_private.h"
#include "directory/fetch.h"
#include "directory/lookup.h"
#include "directory/member_query.h"
#include "directory/names.h"

enum {
	MEMBERS_MAX = 2 * NAMES_MAX, /* of one group */
	WINDOW = 1000,               /* names whose entries are in memory at once */
};

struct telling {
	struct directory *directory;
	const struct mail_object *group;
	int64_t deadline;
	bool (*each)(void *context, const struct directory_hit *hit);
	void *context;
	struct table *told; /* identities */
	size_t count;
	bool rule; /* they are found by a rule, which promised nothing to who gets no mail */
	char *why;
	size_t size;
};

static bool fail(struct telling *telling, const char *what)
{
	snprintf(telling->why, telling->size, "%.180s: %.200s", telling->group->person.dn, what);
	return false;
}

/* Why it gets no mail; NULL: it may, or that is somebody else's to decide. */
static const char *objection(const struct mail_object *object)
{
	if (object->fault[0] || object->person.kind == PERSON_GROUP)
		return NULL;
	if (object->person.state & (PERSON_DISABLED | PERSON_EXPIRED))
		return person_state_name(object->person.state);
	if (object->addresses.count > 0 || object->target || object->routing_address ||
	    object->forward.count > 0 || object->forward_address.count > 0)
		return NULL;
	return "no mail address";
}

static bool tell(struct telling *telling, const struct directory_hit *hit)
{
	if (++telling->count > MEMBERS_MAX)
		return fail(telling, "too many members");
	return telling->each(telling->context, hit);
}

/* NULL: what is named so is not there. */
static bool tell_member(struct telling *telling, const char *name, struct mail_object *object)
{
	struct directory_hit hit = { .found = DIRECTORY_NOBODY };
	const char *why = object ? objection(object) : "no such entry";

	if (telling->rule && (why || (object->person.kind == PERSON_GROUP &&
				      object->addresses.count == 0 && !object->fault[0])))
		return true;
	if (object) {
		struct span id = span_text(object->person.id);

		if (table_find(telling->told, id, 0))
			return true;
		table_put(telling->told, id, telling, INT64_MAX);
		hit.person = object->person;
	} else {
		snprintf(hit.person.dn, sizeof(hit.person.dn), "%s", name);
	}
	if (!why) {
		hit.found = DIRECTORY_ONE;
		hit.object = object;
	}
	snprintf(hit.cause, sizeof(hit.cause), "member of %.150s%s%.100s",
		 telling->group->person.dn, why ? ": " : "", why ? why : "");
	return tell(telling, &hit);
}

static bool tell_window(struct telling *telling, enum fetch_by by, char *const *names, size_t count)
{
	struct mail_object *objects[WINDOW];
	char why[300];
	bool more = true;

	if (!fetch_objects(telling->directory, by, names, count, telling->deadline, objects, why,
			   sizeof(why)))
		return fail(telling, why);
	for (size_t i = 0; i < count; i++) {
		more = more && tell_member(telling, names[i], objects[i]);
		object_drop(objects[i]);
	}
	return more;
}

static bool tell_names(struct telling *telling, enum fetch_by by, char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i += WINDOW)
		if (!tell_window(telling, by, names + i, count - i < WINDOW ? count - i : WINDOW))
			return false;
	return true;
}

static bool tell_dns(struct telling *telling, struct texts *names, bool good, const char *why)
{
	if (good)
		good = tell_names(telling, FETCH_BY_DN, names->at, names->count);
	else
		(void)fail(telling, why);
	names_clear(names);
	return good;
}

static bool tell_members(struct telling *telling)
{
	const struct conf_schema *schema = &telling->directory->section->schema;
	struct texts names = { .count = 0 };
	char why[300];
	bool good = names_of_attribute(telling->directory, telling->group->person.dn,
				       schema->attribute[CONF_ATTRIBUTE_MEMBER], telling->deadline,
				       &names, why, sizeof(why));

	return tell_dns(telling, &names, good, why);
}

/* Everybody that the filter finds. */
static bool tell_found(struct telling *telling, const char *base, int scope, const char *filter)
{
	struct texts names = { .count = 0 };
	char why[300];
	bool good = names_of_filter(telling->directory, base, scope, filter, telling->deadline,
				    &names, why, sizeof(why));

	telling->rule = true;
	good = tell_dns(telling, &names, good, why);
	telling->rule = false;
	return good;
}

/* Who has the group as his primary one is not in `member` (MS-ADTS 3.1.1.3.1.1, primaryGroupID). */
static bool tell_primary(struct telling *telling)
{
	const char *sid = telling->group->person.sid, *rid = strrchr(sid, '-');
	char filter[64];
	struct facts facts;

	/* Of groups of the domain alone, and built-in ones are nobody's. */
	if (!rid || strncmp(sid, "S-1-5-21-", 9) != 0)
		return true;
	if (!lookup_facts(telling->directory->lookup, telling->deadline, &facts))
		return fail(telling, "the directory cannot be asked");
	snprintf(filter, sizeof(filter), "(primaryGroupID=%.16s)", rid + 1);
	return tell_found(telling, facts.context[0] ? facts.context : NULL, LDAP_SCOPE_SUBTREE,
			  filter);
}

static bool tell_query(struct telling *telling)
{
	const struct mail_object *group = telling->group;
	struct member_query query;
	const char *why;
	bool good = member_query_parse(group->member_filter, group->member_base, &query, &why);

	if (good)
		good = tell_found(telling, query.base, query.scope, query.filter);
	else
		(void)fail(telling, why);
	member_query_clear(&query);
	return good;
}

static bool tell_all(struct telling *telling)
{
	const struct mail_object *group = telling->group;

	return (!group->members_by_dn || tell_members(telling)) &&
	       (!group->security || tell_primary(telling)) &&
	       tell_names(telling, FETCH_BY_USER, group->member_uid.at, group->member_uid.count) &&
	       (!group->member_filter || tell_query(telling));
}

bool ldap_members(struct directory *directory, const struct mail_object *group, int64_t deadline,
		  bool (*each)(void *context, const struct directory_hit *hit), void *context,
		  char why[400])
{
	struct telling telling = { .directory = directory,
				   .group = group,
				   .deadline = deadline,
				   .each = each,
				   .context = context,
				   .told = table_new(MEMBERS_MAX + 1, NULL),
				   .why = why,
				   .size = 400 };
	bool good;

	why[0] = '\0';
	good = group->fault[0] ? fail(&telling, group->fault) : tell_all(&telling);
	table_free(telling.told);
	return good;
}
