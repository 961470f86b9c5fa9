/* SPDX-License-Identifier: ISC */
#include "directory/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/directory_private.h"
#include "directory/dn.h"
#include "directory/entry.h"
#include "directory/escape.h"
#include "directory/lookup.h"
#include "directory/threads.h"

enum { BATCH = 50 /* names a search */, THREADS_MAX = 8, SEARCH_MS = 20000 };

struct fetch {
	struct directory *directory;
	enum fetch_by by;
	char *const *keys;
	struct mail_object **objects;
	size_t count;
	int64_t deadline;
	atomic_size_t next; /* first key that nobody works on yet */
	atomic_bool failed;
	pthread_mutex_t mutex;
	char why[300]; /* of the first failure */
};

/* One search's worth. */
struct batch {
	struct fetch *fetch;
	size_t first, count;
	char *names[BATCH]; /* as what is found is compared with: DNs in normal form */
};

static bool fail(struct fetch *fetch, const char *what, const char *why)
{
	pthread_mutex_lock(&fetch->mutex);
	if (!atomic_exchange(&fetch->failed, true))
		snprintf(fetch->why, sizeof(fetch->why), "%.120s: %.170s", what, why);
	pthread_mutex_unlock(&fetch->mutex);
	return false;
}

static int64_t search_deadline(const struct fetch *fetch)
{
	int64_t soon = clock_ms() + SEARCH_MS;

	return soon < fetch->deadline ? soon : fetch->deadline;
}

static bool name_keys(struct batch *batch)
{
	struct fetch *fetch = batch->fetch;

	for (size_t i = 0; i < batch->count; i++) {
		const char *key = fetch->keys[batch->first + i];

		batch->names[i] = fetch->by == FETCH_BY_DN ? dn_normal(key) : memory_text(key);
		if (!batch->names[i])
			return fail(fetch, key, "not a DN");
		if (fetch->by == FETCH_BY_USER)
			ascii_lower_text(batch->names[i]);
	}
	return true;
}

static void make_filter(const struct batch *batch, struct buffer *filter)
{
	const struct fetch *fetch = batch->fetch;
	bool ad = fetch->directory->section->schema.active_directory;
	const char *of_dn = ad ? "distinguishedName" : "entryDN"; /* RFC 5020 */
	const char *of_user = ad ? "sAMAccountName" : "uid";

	buffer_add_text(filter, "(|");
	for (size_t i = 0; i < batch->count; i++) {
		buffer_add_format(filter, "(%s=", fetch->by == FETCH_BY_DN ? of_dn : of_user);
		escape_filter_value(filter, span_text(fetch->keys[batch->first + i]));
		buffer_add_text(filter, ")");
	}
	buffer_add(filter, ")", 2); /* and the NUL */
}

/* Gives the object to every key that means it. */
static bool place(struct batch *batch, struct mail_object *object)
{
	struct fetch *fetch = batch->fetch;
	char *name = fetch->by == FETCH_BY_DN ? dn_normal(object->person.dn)
					      : memory_text(object->person.account);
	bool good = true;

	if (name && fetch->by == FETCH_BY_USER)
		ascii_lower_text(name);
	for (size_t i = 0; name && good && i < batch->count; i++) {
		struct mail_object **to = &fetch->objects[batch->first + i];

		if (strcmp(name, batch->names[i]) != 0)
			continue;
		if (*to)
			good = fail(fetch, name, "two entries");
		else
			*to = object_hold(object);
	}
	free(name);
	return good;
}

/* One whose attributes came in part only is left to the search for it alone. */
static bool take(struct batch *batch, const struct entry *entry)
{
	struct fetch *fetch = batch->fetch;
	const struct directory *directory = fetch->directory;
	struct mail_object *object;
	const char *why;
	bool good;

	if (fetch->by == FETCH_BY_DN && entry_incomplete(entry))
		return true;
	object = object_read(entry, &directory->section->schema, directory->conf, clock_unix(),
			     &why);
	if (!object)
		return fail(fetch, entry_dn(entry), why);
	good = place(batch, object);
	object_drop(object);
	return good;
}

static bool search_batch(struct batch *batch)
{
	struct fetch *fetch = batch->fetch;
	struct directory *directory = fetch->directory;
	struct buffer filter = BUFFER_EMPTY;
	struct search_result result;
	struct facts facts;
	struct search search = { .scope = LDAP_SCOPE_SUBTREE,
				 .attributes = directory->object_attributes,
				 .ad = directory->section->schema.active_directory,
				 .most = 2 * BATCH };
	bool good;

	/* Members may be anywhere in the domain, whatever the base for recipients is. */
	if (fetch->by == FETCH_BY_DN &&
	    lookup_facts(directory->lookup, search_deadline(fetch), &facts) && facts.context[0])
		search.base = facts.context;
	make_filter(batch, &filter);
	search.filter = buffer_bytes(&filter);
	good = lookup_search(directory->lookup, &search, search_deadline(fetch), &result) &&
	       search_is_whole(&result);
	/* Of names alone each is asked for again; who cannot be asked for otherwise fails here. */
	if (!good && fetch->by == FETCH_BY_USER)
		(void)fail(fetch, result.server,
			   result.diagnostic[0] ? result.diagnostic : ldap_err2string(result.code));
	for (size_t i = 0; good && i < result.count; i++)
		if (!take(batch, result.entries[i]))
			break;
	search_result_clear(&result);
	buffer_clear(&filter);
	return !atomic_load(&fetch->failed);
}

/* "Not there" is only said of one that was asked for by itself. */
static bool search_alone(struct fetch *fetch, size_t index)
{
	struct ldap_question question = {
		.search = { .base = fetch->keys[index],
			    .scope = LDAP_SCOPE_BASE,
			    .filter = "(objectClass=*)",
			    .attributes = fetch->directory->object_attributes,
			    .ad = fetch->directory->section->schema.active_directory },
		.object = true,
	};
	struct directory_hit hit;

	ldap_ask(fetch->directory, &question, search_deadline(fetch), &hit);
	fetch->objects[index] = hit.object;
	if (hit.found == DIRECTORY_ONE || hit.found == DIRECTORY_NOBODY)
		return true;
	return fail(fetch, fetch->keys[index], hit.cause);
}

/* A server that finds none of them by their names, and yet has them, is not asked so again. */
static bool search_missing(struct batch *batch, bool in_batches)
{
	struct fetch *fetch = batch->fetch;
	size_t found = 0, missing = 0;

	for (size_t i = batch->first; i < batch->first + batch->count; i++) {
		if (fetch->objects[i])
			continue;
		missing++;
		if (atomic_load(&fetch->failed) || !search_alone(fetch, i))
			return false;
		found += fetch->objects[i] != NULL;
	}
	if (in_batches && batch->count > 1 && missing == batch->count && found > 0)
		atomic_store(&fetch->directory->names_alone, true);
	return true;
}

static bool work_batch(struct fetch *fetch, size_t first)
{
	size_t left = fetch->count - first;
	struct batch batch = { .fetch = fetch,
			       .first = first,
			       .count = left < BATCH ? left : BATCH };
	bool by_dn = fetch->by == FETCH_BY_DN;
	bool in_batches =
		!by_dn || (batch.count > 1 && !atomic_load(&fetch->directory->names_alone));
	bool good = name_keys(&batch);

	if (good && in_batches)
		good = search_batch(&batch);
	if (good && by_dn)
		good = search_missing(&batch, in_batches);
	for (size_t i = 0; i < batch.count; i++)
		free(batch.names[i]);
	return good;
}

static void *work(void *context)
{
	struct fetch *fetch = context;

	while (!atomic_load(&fetch->failed)) {
		size_t first = atomic_fetch_add(&fetch->next, BATCH);

		if (first >= fetch->count || !work_batch(fetch, first))
			break;
	}
	return NULL;
}

static void work_together(struct fetch *fetch)
{
	size_t batches = (fetch->count + BATCH - 1) / BATCH;
	size_t more = batches < THREADS_MAX ? batches : THREADS_MAX, started = 0;
	pthread_t threads[THREADS_MAX];

	/* Who asked works as well. */
	while (started + 1 < more)
		thread_start(&threads[started++], work, fetch);
	(void)work(fetch);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

bool fetch_objects(struct directory *directory, enum fetch_by by, char *const *keys, size_t count,
		   int64_t deadline, struct mail_object **objects, char *why, size_t size)
{
	struct fetch fetch = { .directory = directory,
			       .by = by,
			       .keys = keys,
			       .objects = objects,
			       .count = count,
			       .deadline = deadline };

	memset(objects, 0, count * sizeof(*objects));
	pthread_mutex_init(&fetch.mutex, NULL);
	work_together(&fetch);
	pthread_mutex_destroy(&fetch.mutex);
	if (!atomic_load(&fetch.failed))
		return true;
	snprintf(why, size, "%s", fetch.why);
	for (size_t i = 0; i < count; i++)
		object_drop(objects[i]);
	return false;
}
