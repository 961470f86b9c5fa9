/* SPDX-License-Identifier: ISC */
#include "directory/memberships.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/table.h"

enum { KEPT_MAX = 20000, KEY_MAX = 4096 /* octets; of longer lists nothing is kept */ };

struct kept {
	bool member;
	size_t which;
};

struct memberships {
	pthread_mutex_t mutex;
	struct table *table; /* by identity and groups: struct kept */
	int64_t life;        /* ms */
};

struct memberships *memberships_new(unsigned seconds)
{
	struct memberships *memberships = memory_new(sizeof(*memberships));

	pthread_mutex_init(&memberships->mutex, NULL);
	memberships->table = table_new(KEPT_MAX, free);
	memberships->life = (int64_t)seconds * 1000;
	return memberships;
}

void memberships_free(struct memberships *memberships)
{
	if (!memberships)
		return;
	table_free(memberships->table);
	pthread_mutex_destroy(&memberships->mutex);
	free(memberships);
}

/* False when it would be too long. */
static bool make_key(const char *id, char *const *groups, size_t count, struct buffer *key)
{
	buffer_add_text(key, id);
	for (size_t i = 0; i < count && buffer_used(key) <= KEY_MAX; i++)
		buffer_add_format(key, "\n%s", groups[i]);
	return buffer_used(key) <= KEY_MAX;
}

bool memberships_find(struct memberships *memberships, const char *id, char *const *groups,
		      size_t count, int64_t now, bool *member, size_t *which)
{
	struct buffer key = BUFFER_EMPTY;
	const struct kept *kept = NULL;

	if (make_key(id, groups, count, &key)) {
		pthread_mutex_lock(&memberships->mutex);
		kept = table_find(memberships->table, buffer_span(&key), now);
		if (kept) {
			*member = kept->member;
			*which = kept->which;
		}
		pthread_mutex_unlock(&memberships->mutex);
	}
	buffer_clear(&key);
	return kept != NULL;
}

void memberships_keep(struct memberships *memberships, const char *id, char *const *groups,
		      size_t count, int64_t now, bool member, size_t which)
{
	struct buffer key = BUFFER_EMPTY;
	struct kept *kept;

	if (memberships->life > 0 && make_key(id, groups, count, &key)) {
		kept = memory_new(sizeof(*kept));
		*kept = (struct kept){ member, which };
		pthread_mutex_lock(&memberships->mutex);
		table_put(memberships->table, buffer_span(&key), kept, now + memberships->life);
		pthread_mutex_unlock(&memberships->mutex);
	}
	buffer_clear(&key);
}

void memberships_clear(struct memberships *memberships)
{
	pthread_mutex_lock(&memberships->mutex);
	table_clear(memberships->table);
	pthread_mutex_unlock(&memberships->mutex);
}
