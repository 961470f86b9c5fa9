/* SPDX-License-Identifier: ISC */
#include "directory/names.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/directory_private.h"
#include "directory/entry.h"
#include "directory/forest.h"
#include "directory/lookup.h"
#include "directory/parts.h"

enum {
	PAGE = 500, /* entries; AD gives 1,000 at most */
	STEP_MS = 30000,
	ATTEMPTS = 2
};

struct gathering {
	struct directory *directory;
	int64_t deadline;
	struct texts *names;
	char *why;
	size_t size;
	/* What is asked for: */
	const char *base;
	int scope;
	const char *filter;    /* or: */
	const char *attribute; /* of `base` */
	bool few;              /* mostly one search finds them all */
};

static int64_t step(const struct gathering *gathering)
{
	int64_t soon = clock_ms() + STEP_MS;

	return soon < gathering->deadline ? soon : gathering->deadline;
}

static bool complain(struct gathering *gathering, const char *what)
{
	snprintf(gathering->why, gathering->size, "%s", what);
	return false;
}

static bool add(struct gathering *gathering, struct span name)
{
	struct texts *names = gathering->names;

	if (names->count == NAMES_MAX)
		return complain(gathering, "too many members");
	if (name.length == 0 || span_has_nul(name))
		return complain(gathering, "a member's name is no text");
	/* Doubled whenever it is full, which a power of two is. */
	if ((names->count & (names->count - 1)) == 0)
		names->at = memory_grow(names->at, names->count ? names->count * 2 : 1,
					sizeof(*names->at));
	names->at[names->count++] = memory_text_n(name.at, name.length);
	return true;
}

void names_clear(struct texts *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->at[i]);
	free(names->at);
	*names = (struct texts){ .count = 0 };
}

static bool gather_parts(struct gathering *gathering, struct lookup_chain *chain)
{
	struct parts parts = { .chain = chain,
			       .dn = gathering->base,
			       .attribute = gathering->attribute,
			       .ad = gathering->directory->section->schema.active_directory };
	struct entry *part;
	struct span value;
	bool good;

	do {
		good = parts_read(&parts, step(gathering), &part, gathering->why, gathering->size);
		for (size_t i = 0; good && entry_value(part, parts.attribute, i, &value); i++)
			good = add(gathering, value);
		entry_free(part);
	} while (good && parts.next > 0);
	return good;
}

static bool gather_page(struct gathering *gathering, const struct search_result *result)
{
	for (size_t i = 0; i < result->count; i++)
		if (!add(gathering, span_text(entry_dn(result->entries[i]))))
			return false;
	return true;
}

/* Names alone. */
static struct search search_of(const struct gathering *gathering)
{
	static const char *const none[] = { LDAP_NO_ATTRS, NULL };

	return (struct search){ .base = gathering->base,
				.scope = gathering->scope,
				.filter = gathering->filter,
				.attributes = none,
				.ad = gathering->directory->section->schema.active_directory };
}

/* A limit of the server never cuts the answer silently. */
static bool gather_pages(struct gathering *gathering, struct lookup_chain *chain)
{
	struct search search = search_of(gathering);
	struct search_result result;
	char *cookie = NULL;
	bool good = true, more = true;

	search.page = PAGE;
	while (good && more) {
		good = lookup_chain_search(chain, &search, step(gathering), &result);
		if (!good || !search_is_whole(&result))
			good = complain(gathering, result.diagnostic[0]
							   ? result.diagnostic
							   : ldap_err2string(result.code));
		else
			good = gather_page(gathering, &result);
		more = result.cookie != NULL;
		free(cookie);
		cookie = result.cookie;
		search.cookie = span_make(cookie, result.cookie_length);
		result.cookie = NULL;
		search_result_clear(&result);
	}
	free(cookie);
	return good;
}

/* Mostly they are few, and then nobody has to wait for another one's pages. *all: no more. */
static bool gather_few(struct gathering *gathering, struct lookup *lookup, bool *all)
{
	struct search search = search_of(gathering);
	struct search_result result;
	bool good;

	search.most = PAGE;
	good = lookup_search(lookup, &search, step(gathering), &result);

	*all = good && search_is_whole(&result);
	if (*all)
		good = gather_page(gathering, &result);
	else if (result.code == LDAP_SUCCESS || result.code == LDAP_SIZELIMIT_EXCEEDED ||
		 result.code == LDAP_ADMINLIMIT_EXCEEDED)
		good = true;
	else
		good = complain(gathering, result.diagnostic[0] ? result.diagnostic
								: ldap_err2string(result.code));
	search_result_clear(&result);
	return good;
}

static bool gather(struct gathering *gathering)
{
	struct directory *directory = gathering->directory;
	struct lookup *lookup = forest_lookup(directory, gathering->base);
	struct lookup_chain chain;
	bool good, all = false;

	if (!lookup)
		return complain(gathering, "too many domains");
	if (gathering->few && !gather_few(gathering, lookup, &all))
		return false;
	if (all)
		return true;
	if (!lookup_chain_begin(lookup, step(gathering), &chain, gathering->why, gathering->size))
		return false;
	if (gathering->attribute) {
		good = gather_parts(gathering, &chain);
	} else {
		/* OpenLDAP has one place for the state of pages on a connection. */
		pthread_mutex_lock(&directory->paging);
		good = gather_pages(gathering, &chain);
		pthread_mutex_unlock(&directory->paging);
	}
	lookup_chain_end(&chain);
	return good;
}

static bool gather_whole(struct gathering *gathering)
{
	size_t before = gathering->names->count;

	for (int i = 0; i < ATTEMPTS; i++) {
		if (gather(gathering))
			return true;
		while (gathering->names->count > before)
			free(gathering->names->at[--gathering->names->count]);
	}
	return false;
}

bool names_of_attribute(struct directory *directory, const char *dn, const char *attribute,
			int64_t deadline, struct texts *names, char *why, size_t size)
{
	struct gathering gathering = { .directory = directory,
				       .deadline = deadline,
				       .names = names,
				       .why = why,
				       .size = size,
				       .base = dn,
				       .attribute = attribute };

	return gather_whole(&gathering);
}

static bool gather_found(struct gathering gathering, const char *base, int scope, const char *filter)
{
	gathering.base = base;
	gathering.scope = scope;
	gathering.filter = filter;
	return gather_whole(&gathering);
}

bool names_of_filter(struct directory *directory, const char *base, int scope, const char *filter,
		     int64_t deadline, struct texts *names, char *why, size_t size)
{
	return gather_found((struct gathering){ .directory = directory,
						.deadline = deadline,
						.names = names,
						.why = why,
						.size = size },
			    base, scope, filter);
}

bool names_of_few(struct directory *directory, const char *base, int scope, const char *filter,
		  int64_t deadline, struct texts *names, char *why, size_t size)
{
	return gather_found((struct gathering){ .directory = directory,
						.deadline = deadline,
						.names = names,
						.why = why,
						.size = size,
						.few = true },
			    base, scope, filter);
}
