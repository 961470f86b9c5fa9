/* SPDX-License-Identifier: ISC */
#include "directory/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"
#include "conf/conf.h"
#include "directory/cache.h"
#include "directory/directory_private.h"
#include "directory/entry.h"
#include "directory/lookup.h"
#include "directory/memberships.h"
#include "directory/threads.h"

enum {
	PAGE = 500,
	CHANGED_MAX = 5000, /* more at once: all is forgotten */
	TURN_MS = 20000,    /* that a look may take */
	SOON_MS = 1000,     /* to the next one when no server could be asked */
	DOUBT_TURNS = 2,    /* before all is forgotten once more for what is not shown */
	STAMP_SIZE = 512,
};

struct changes {
	struct directory *directory;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool stop;
	/* The thread's own: */
	char server[SERVER_NAME_SIZE]; /* "" = nothing is known yet */
	int64_t number;                /* its highestCommittedUSN, or: */
	char stamp[STAMP_SIZE];        /* its contextCSN */
	bool doubt;      /* something changed that it does not show: deleted, mostly */
	int64_t expired; /* when all was forgotten last */
};

/* What has changed: keys are identities, and addresses in lower case. */
struct changed {
	struct table *keys;
	size_t entries;
};

static int64_t turn_ms(const struct changes *changes)
{
	return (int64_t)changes->directory->section->poll_changes * 1000;
}

static void add_key(struct changed *changed, struct span value)
{
	char *key = memory_text_n(value.at, value.length);

	ascii_lower_text(key);
	table_put(changed->keys, span_text(key), changed, INT64_MAX);
	free(key);
}

static void add_addresses(struct changed *changed, const struct entry *entry, const char *attribute)
{
	struct span value;

	for (size_t i = 0; entry_value(entry, attribute, i, &value); i++)
		add_key(changed, span_starts_nocase(value, "smtp:") ? span_skip(value, 5) : value);
}

/* A new address counts as much as a changed entry: somebody else may have been known under it. */
static void add_entry(struct changed *changed, const struct conf_schema *schema,
		      const struct entry *entry)
{
	struct span value;
	char id[64];

	changed->entries++;
	if (entry_value(entry, schema->attribute[CONF_ATTRIBUTE_ID], 0, &value) &&
	    identity_text(value, true, id, sizeof(id)))
		add_key(changed, span_text(id));
	add_addresses(changed, entry, schema->attribute[CONF_ATTRIBUTE_MAIL]);
	add_addresses(changed, entry, schema->attribute[CONF_ATTRIBUTE_ALIAS]);
}

static bool has_key(const struct changed *changed, const char *text)
{
	char key[PERSON_ADDRESS_SIZE];

	if (!span_copy(span_text(text), key, sizeof(key)))
		return false;
	ascii_lower_text(key);
	return table_find(changed->keys, span_text(key), 0) != NULL;
}

static bool is_changed(void *context, const struct mail_object *object)
{
	const struct changed *changed = context;

	if (has_key(changed, object->person.id))
		return true;
	for (size_t i = 0; i < object->addresses.count; i++)
		if (has_key(changed, object->addresses.at[i]))
			return true;
	return false;
}

/* One value of one entry; "" when it is not told. False: no answer. */
static bool read_value(struct lookup_chain *chain, const char *base, const char *attribute,
		       int64_t deadline, char to[STAMP_SIZE])
{
	const char *attributes[] = { attribute, NULL };
	struct search search = { .base = base,
				 .scope = LDAP_SCOPE_BASE,
				 .filter = "(objectClass=*)",
				 .attributes = attributes };
	struct search_result result;
	bool good = lookup_chain_search(chain, &search, deadline, &result);
	struct span value;
	size_t used = 0;

	to[0] = '\0';
	/* A server of several masters has a value of each. */
	for (size_t i = 0;
	     good && result.count == 1 && entry_value(result.entries[0], attribute, i, &value) &&
	     used < STAMP_SIZE;
	     i++)
		used += (size_t)snprintf(to + used, STAMP_SIZE - used, "%.*s ", (int)value.length,
					 value.at);
	search_result_clear(&result);
	return good;
}

/* False: no answer, or more than can be taken. */
static bool gather(struct changes *changes, struct lookup_chain *chain, struct search *search,
		   int64_t deadline, struct changed *changed)
{
	const struct conf_schema *schema = &changes->directory->section->schema;
	struct search_result result;
	char *cookie = NULL;
	bool good = true, more = true;

	while (good && more) {
		good = lookup_chain_search(chain, search, deadline, &result) &&
		       search_is_whole(&result) && changed->entries + result.count <= CHANGED_MAX;
		for (size_t i = 0; good && i < result.count; i++)
			add_entry(changed, schema, result.entries[i]);
		more = result.cookie != NULL;
		free(cookie);
		cookie = result.cookie;
		search->cookie = span_make(cookie, result.cookie_length);
		result.cookie = NULL;
		search_result_clear(&result);
	}
	free(cookie);
	return good;
}

static void forget(struct changes *changes, struct changed *changed)
{
	struct directory *directory = changes->directory;

	if (changed->entries == 0)
		return;
	cache_forget(directory->cache, is_changed, changed);
	memberships_clear(directory->memberships);
	log_debug("directory.changes", LOG_TEXT("directory", directory->section->name),
		  LOG_TEXT("server", changes->server), LOG_NUMBER("entries", changed->entries));
}

static void expire(struct changes *changes, const char *cause)
{
	struct directory *directory = changes->directory;

	changes->doubt = false;
	changes->expired = clock_ms();
	cache_expire(directory->cache, changes->expired);
	memberships_clear(directory->memberships);
	log_debug("directory.changes", LOG_TEXT("directory", directory->section->name),
		  LOG_TEXT("server", changes->server), LOG_TEXT("cause", cause));
}

/* Entries that were deleted are seen by who may see them. */
static void look_since(struct changes *changes, struct lookup_chain *chain, const char *base,
		       int64_t number, int64_t deadline)
{
	const struct conf_schema *schema = &changes->directory->section->schema;
	const char *attributes[] = { schema->attribute[CONF_ATTRIBUTE_ID],
				     schema->attribute[CONF_ATTRIBUTE_MAIL],
				     schema->attribute[CONF_ATTRIBUTE_ALIAS], NULL };
	struct changed changed = { .keys = table_new(1000000, NULL) };
	char filter[64];
	struct search search = { .base = base,
				 .scope = LDAP_SCOPE_SUBTREE,
				 .filter = filter,
				 .attributes = attributes,
				 .ad = true,
				 .deleted = true,
				 .page = PAGE };
	bool good;

	snprintf(filter, sizeof(filter), "(uSNChanged>=%lld)", (long long)changes->number + 1);
	pthread_mutex_lock(&changes->directory->paging);
	good = gather(changes, chain, &search, deadline, &changed);
	pthread_mutex_unlock(&changes->directory->paging);
	if (good)
		forget(changes, &changed);
	else
		expire(changes, "too much has changed, or the server does not tell what");
	/* Each change of an entry has a number, those that our account may not see as well. */
	if (number - changes->number > (int64_t)changed.entries)
		changes->doubt = true;
	table_free(changed.keys);
}

static bool is_known(struct changes *changes, const struct lookup_chain *chain)
{
	const char *server = lookup_chain_server(chain);
	bool known = strcmp(changes->server, server) == 0;

	if (!known)
		expire(changes, changes->server[0] ? "another server" : "the first look");
	snprintf(changes->server, sizeof(changes->server), "%s", server);
	return known;
}

/* The number is read first: what changes meanwhile is found twice. */
static void look_ad(struct changes *changes, struct lookup_chain *chain, const struct facts *facts,
		    int64_t deadline)
{
	char text[STAMP_SIZE];
	uint64_t number;
	bool known;

	if (!read_value(chain, "", "highestCommittedUSN", deadline, text) ||
	    !span_number(span_trim(span_text(text)), &number))
		return;
	known = is_known(changes, chain);
	if (known && (int64_t)number > changes->number)
		look_since(changes, chain, facts->context[0] ? facts->context : facts->base,
			   (int64_t)number, deadline);
	if (changes->doubt && clock_ms() - changes->expired >= DOUBT_TURNS * turn_ms(changes))
		expire(changes, "something has changed that our account may not see");
	/* A controller that was put back to an earlier state. */
	if (known && (int64_t)number < changes->number)
		expire(changes, "the server's numbers have gone back");
	changes->number = (int64_t)number;
}

static void look_plain(struct changes *changes, struct lookup_chain *chain,
		       const struct facts *facts, int64_t deadline)
{
	char stamp[STAMP_SIZE];

	if (!read_value(chain, facts->base, "contextCSN", deadline, stamp))
		return;
	if (is_known(changes, chain) && strcmp(stamp, changes->stamp) != 0)
		expire(changes, "something has changed");
	memcpy(changes->stamp, stamp, sizeof(stamp));
}

/* Does not wait for a server; false: there was none to ask. */
static bool look(struct changes *changes)
{
	struct directory *directory = changes->directory;
	int64_t deadline = clock_ms() + TURN_MS;
	struct lookup_chain chain;
	struct facts facts;
	char why[300];

	if (lookup_is_down(directory->lookup) || !lookup_facts(directory->lookup, 0, &facts) ||
	    !lookup_chain_begin(directory->lookup, clock_ms() + SOON_MS, &chain, why, sizeof(why)))
		return false;
	if (directory->section->schema.active_directory)
		look_ad(changes, &chain, &facts, deadline);
	else
		look_plain(changes, &chain, &facts, deadline);
	lookup_chain_end(&chain);
	return true;
}

/* False: it is time to stop. */
static bool pause_turn(struct changes *changes, int64_t until)
{
	bool more;

	pthread_mutex_lock(&changes->mutex);
	while (!changes->stop && thread_wait(&changes->changed, &changes->mutex, until))
		;
	more = !changes->stop;
	pthread_mutex_unlock(&changes->mutex);
	return more;
}

static void *run(void *context)
{
	struct changes *changes = context;
	int64_t turn = turn_ms(changes);

	bool looked;

	do
		looked = look(changes);
	while (pause_turn(changes, clock_ms() + (looked || turn < SOON_MS ? turn : SOON_MS)));
	return NULL;
}

struct changes *changes_start(struct directory *directory)
{
	struct changes *changes = memory_new(sizeof(*changes));

	changes->directory = directory;
	pthread_mutex_init(&changes->mutex, NULL);
	thread_cond_init(&changes->changed);
	thread_start(&changes->thread, run, changes);
	return changes;
}

void changes_stop(struct changes *changes)
{
	if (!changes)
		return;
	pthread_mutex_lock(&changes->mutex);
	changes->stop = true;
	pthread_cond_signal(&changes->changed);
	pthread_mutex_unlock(&changes->mutex);
	pthread_join(changes->thread, NULL);
	pthread_cond_destroy(&changes->changed);
	pthread_mutex_destroy(&changes->mutex);
	free(changes);
}
