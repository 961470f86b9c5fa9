/* SPDX-License-Identifier: ISC */
/*
 * Objects by address, by name and by identity, each from the cache while it is fresh; from what was
 * known before while no server answers; else asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/cache.h"
#include "directory/directory_private.h"
#include "directory/dn.h"
#include "directory/escape.h"
#include "directory/lookup.h"
#include "mail/address.h"

enum { GOOD_FOR_MAX = 10, LOOKUP_MS_MAX = 18000 };

static int64_t lookup_deadline(const struct directory *directory, int64_t now)
{
	int64_t twice = (int64_t)directory->section->timeout * 2000;

	return now + (twice < LOOKUP_MS_MAX ? twice : LOOKUP_MS_MAX);
}

static unsigned seconds_good(int64_t left_ms)
{
	return left_ms / 1000 < GOOD_FOR_MAX ? (unsigned)(left_ms / 1000) : GOOD_FOR_MAX;
}

/* Takes the object over. */
static void give(struct directory_hit *hit, struct mail_object *object)
{
	hit->found = DIRECTORY_ONE;
	hit->person = object->person;
	hit->object = object;
}

static bool find_cached(struct directory *directory, struct span key, int64_t now,
			struct directory_hit *hit)
{
	struct mail_object *object;
	int64_t left = 0;

	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	if (!cache_find(directory->cache, key, now, &object, &left))
		return false;
	/* "Not there" is never said of a directory that cannot be asked. */
	if (!object && lookup_is_down(directory->lookup))
		return false;
	if (object)
		give(hit, object);
	hit->good_for = seconds_good(left);
	snprintf(hit->cause, sizeof(hit->cause), "known from %s",
		 object ? "an earlier search" : "an earlier search that found nobody");
	return true;
}

/* Those who were known stay known, for a while; once an outage that is told. */
static void live_on(struct directory *directory, struct span key, int64_t now,
		    struct directory_hit *hit)
{
	struct mail_object *object = cache_find_old(directory->cache, key, now);
	char cause[sizeof(hit->cause)];

	if (!object)
		return;
	memcpy(cause, hit->cause, sizeof(cause));
	give(hit, object);
	hit->unanswered = false;
	hit->stale = true;
	hit->good_for = 1;
	snprintf(hit->cause, sizeof(hit->cause), "known from before the outage (%.250s)", cause);
	if (!atomic_exchange(&directory->living_on, true))
		log_warning("directory.outage", LOG_TEXT("directory", directory->section->name),
			    LOG_TEXT("state", "known"), LOG_TEXT("dn", hit->person.dn),
			    LOG_NUMBER("cache_outage", directory->section->cache_outage),
			    LOG_TEXT("cause", cause));
}

static void keep(struct directory *directory, struct span key, int64_t now,
		 struct directory_hit *hit)
{
	const struct conf_directory *section = directory->section;
	bool exists = hit->found == DIRECTORY_ONE;

	atomic_store(&directory->living_on, false);
	cache_keep(directory->cache, key, now, exists ? hit->object : NULL);
	hit->good_for = seconds_good(
		1000 * (int64_t)(exists ? section->cache_positive : section->cache_negative));
}

static void find(struct directory *directory, struct span key, struct ldap_question *question,
		 struct directory_hit *hit)
{
	int64_t now = clock_ms();

	if (find_cached(directory, key, now, hit))
		return;
	question->object = true;
	question->search.attributes = directory->object_attributes;
	question->search.ad = directory->section->schema.active_directory;
	ldap_ask_forest(directory, question, lookup_deadline(directory, now), hit);
	if (hit->found == DIRECTORY_ONE || hit->found == DIRECTORY_NOBODY)
		keep(directory, key, now, hit);
	else if (hit->unanswered)
		live_on(directory, key, now, hit);
}

void ldap_find_kept(struct directory *directory, const char *key, struct buffer *text,
		    struct directory_hit *hit)
{
	struct ldap_question question = { .search = { .scope = LDAP_SCOPE_SUBTREE } };

	buffer_add(text, "", 1);
	question.search.filter = buffer_bytes(text);
	find(directory, span_text(key), &question, hit);
	buffer_clear(text);
}

void ldap_find_recipient(struct directory *directory, const struct address *address,
			 struct directory_hit *hit)
{
	char text[ADDRESS_TEXT_SIZE];
	struct filter_values values = {
		.local = span_text(address->local),
		.domain = span_text(address->domain),
	};
	struct buffer filter = BUFFER_EMPTY;
	char *key;

	address_text(address, text);
	values.address = span_text(text);
	values.login = values.address;
	values.user = values.local;
	key = memory_format("a:%s", text);
	ascii_lower_text(key);
	filter_expand(directory->recipient, &values, &filter);
	ldap_find_kept(directory, key, &filter, hit);
	free(key);
}

void ldap_find_dn(struct directory *directory, const char *dn, struct directory_hit *hit)
{
	struct ldap_question question = {
		.search = { .base = dn, .scope = LDAP_SCOPE_BASE, .filter = "(objectClass=*)" },
	};
	char *normal = dn_normal(dn), *key;

	*hit = (struct directory_hit){ .found = DIRECTORY_FAILED };
	snprintf(hit->cause, sizeof(hit->cause), "not a DN: %.250s", dn);
	if (!normal)
		return;
	key = memory_format("d:%s", normal);
	find(directory, span_text(key), &question, hit);
	free(key);
	free(normal);
}

void ldap_find_id(struct directory *directory, const char *id, struct directory_hit *hit)
{
	struct buffer filter = BUFFER_EMPTY;
	char *key = memory_format("i:%s", id);

	buffer_add_text(&filter, "(|");
	ldap_add_identity(&filter, &directory->section->schema, id);
	buffer_add_text(&filter, ")");
	ldap_find_kept(directory, key, &filter, hit);
	free(key);
}

/* An X.500 name of former times: its own, or one that was kept beside the addresses. */
void ldap_find_legacy(struct directory *directory, const char *legacy_dn, struct directory_hit *hit)
{
	const struct conf_schema *schema = &directory->section->schema;
	const char *alias = schema->attribute[CONF_ATTRIBUTE_ALIAS];
	struct buffer filter = BUFFER_EMPTY;
	char *key;

	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	snprintf(hit->cause, sizeof(hit->cause), "the schema has no legacy names");
	if (!schema->attribute[CONF_ATTRIBUTE_LEGACY_DN][0])
		return;
	buffer_add_format(&filter, "(|(%s=", schema->attribute[CONF_ATTRIBUTE_LEGACY_DN]);
	escape_filter_value(&filter, span_text(legacy_dn));
	if (alias[0]) {
		buffer_add_format(&filter, ")(%s=x500:", alias);
		escape_filter_value(&filter, span_text(legacy_dn));
	}
	buffer_add_text(&filter, "))");
	key = memory_format("l:%s", legacy_dn);
	ascii_lower_text(key);
	ldap_find_kept(directory, key, &filter, hit);
	free(key);
}
