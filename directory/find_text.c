/* SPDX-License-Identifier: ISC */
/* One search for a person or an object, and what its result means for who asked. */
#include "directory/directory_private.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "directory/entry.h"
#include "directory/forest.h"
#include "directory/lookup.h"
#include "directory/parts.h"

static void fail_hit(struct directory_hit *hit, const char *filter, const char *why)
{
	hit->found = DIRECTORY_FAILED;
	snprintf(hit->cause, sizeof(hit->cause), "%.220s: search %.80s", why, filter);
}

/* What failed before a server was asked is not about the search. */
static void fail_unasked(struct directory_hit *hit, const struct search_result *result)
{
	snprintf(hit->cause, sizeof(hit->cause), "%s",
		 result->diagnostic[0] ? result->diagnostic : ldap_err2string(result->code));
}

static void fail_asked(struct directory *directory, struct directory_hit *hit,
		       const struct search_result *result, const char *filter)
{
	const char *base = directory->section->base;
	const char *remedy = error_remedy(result->code, 0);
	char why[400];

	/* A base outside what it holds is a referral for a domain controller. */
	if (base[0] && (result->code == LDAP_NO_SUCH_OBJECT || result->code == LDAP_REFERRAL ||
			result->code == LDAP_INVALID_DN_SYNTAX))
		snprintf(why, sizeof(why), "base \"%.120s\" is not there: correct it", base);
	else
		snprintf(why, sizeof(why), "%s%s%.100s%s%s", ldap_err2string(result->code),
			 result->diagnostic[0] ? ": " : "", result->diagnostic, remedy ? ": " : "",
			 remedy ? remedy : "");
	fail_hit(hit, filter, why);
}

static bool read_person(struct directory *directory, const struct entry *entry, bool object,
			struct directory_hit *hit, const char **why)
{
	const struct conf_schema *schema = &directory->section->schema;

	if (!object)
		return person_read(entry, schema, directory->conf, clock_unix(), &hit->person, why);
	hit->object = object_read(entry, schema, directory->conf, clock_unix(), why);
	if (hit->object)
		hit->person = hit->object->person;
	return hit->object != NULL;
}

static void read_one(struct directory *directory, const struct entry *entry,
		     const struct ldap_question *question, struct directory_hit *hit)
{
	const char *why, *filter = question->search.filter;

	if (!read_person(directory, entry, question->object, hit, &why)) {
		fail_hit(hit, filter, why);
		return;
	}
	if (hit->person.quota.kind == QUOTA_UNREADABLE)
		log_warning("directory.quota", LOG_TEXT("directory", directory->section->name),
			    LOG_TEXT("dn", hit->person.dn),
			    LOG_TEXT("attribute",
				     directory->section->schema.attribute[CONF_ATTRIBUTE_QUOTA]),
			    LOG_TEXT("cause", "unreadable value: the domain's default holds"));
	account_read(entry, &hit->account);
	hit->found = DIRECTORY_ONE;
	snprintf(hit->cause, sizeof(hit->cause), "found by %.250s", filter);
}

static void read_many(const struct search_result *result, const char *filter,
		      struct directory_hit *hit)
{
	hit->found = DIRECTORY_MANY;
	snprintf(hit->person.dn, sizeof(hit->person.dn), "%s", entry_dn(result->entries[0]));
	snprintf(hit->other, sizeof(hit->other), "%s", entry_dn(result->entries[1]));
	snprintf(hit->cause, sizeof(hit->cause), "more than one entry for %.250s", filter);
}

static void say_nobody(struct directory_hit *hit, const struct ldap_question *question)
{
	bool base = question->search.base != NULL;

	hit->found = DIRECTORY_NOBODY;
	snprintf(hit->cause, sizeof(hit->cause), "no entry %s%.250s", base ? "" : "for ",
		 base ? question->search.base : question->search.filter);
}

/* An entry of very many values comes in parts. */
static bool complete(struct lookup *lookup, const struct search_result *result,
		     const struct ldap_question *question, int64_t deadline,
		     struct directory_hit *hit)
{
	char why[300];

	if (!question->object || !entry_incomplete(result->entries[0]) ||
	    parts_complete(lookup, result->entries[0], result->server, question->search.ad,
			   deadline, why, sizeof(why)))
		return true;
	fail_hit(hit, question->search.filter, why);
	return false;
}

static void read_result(struct directory *directory, struct lookup *lookup,
			const struct search_result *result, const struct ldap_question *question,
			int64_t deadline, struct directory_hit *hit)
{
	if (result->count > 1)
		read_many(result, question->search.filter, hit);
	else if (result->count == 0)
		say_nobody(hit, question);
	else if (complete(lookup, result, question, deadline, hit))
		read_one(directory, result->entries[0], question, hit);
}

void ldap_ask(struct directory *directory, const struct ldap_question *question, int64_t deadline,
	      struct directory_hit *hit)
{
	const struct search *search = &question->search;
	struct search_result result;
	struct lookup *lookup = forest_lookup(directory, search->base);

	*hit = (struct directory_hit){ .found = DIRECTORY_FAILED };
	snprintf(hit->filter, sizeof(hit->filter), "%s", search->filter);
	if (!lookup) {
		fail_hit(hit, search->filter, "too many domains");
		return;
	}
	if (lookup_search(lookup, search, deadline, &result)) {
		read_result(directory, lookup, &result, question, deadline, hit);
	} else if (search->base && result.code == LDAP_NO_SUCH_OBJECT) {
		say_nobody(hit, question);
	} else {
		hit->unanswered = !result.server[0] || error_is_of_server(result.code);
		if (result.server[0])
			fail_asked(directory, hit, &result, search->filter);
		else
			fail_unasked(hit, &result);
	}
	memcpy(hit->server, result.server, sizeof(hit->server));
	search_result_clear(&result);
}

void ldap_ask_forest(struct directory *directory, const struct ldap_question *question,
		     int64_t deadline, struct directory_hit *hit)
{
	if (directory->forest && !question->search.base)
		forest_ask(directory, question, deadline, hit);
	else
		ldap_ask(directory, question, deadline, hit);
}

void ldap_find_text(struct directory *directory, const char *const *attributes, struct buffer *text,
		    int64_t deadline, struct directory_hit *hit)
{
	struct ldap_question question = {
		.search = { .scope = LDAP_SCOPE_SUBTREE,
			    .attributes = attributes,
			    .ad = directory->section->schema.active_directory },
	};

	buffer_add(text, "", 1);
	question.search.filter = buffer_bytes(text);
	ldap_ask_forest(directory, &question, deadline, hit);
	buffer_clear(text);
}
