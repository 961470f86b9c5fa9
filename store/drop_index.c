/* SPDX-License-Identifier: ISC */
#include "store/drop_index.h"

#include "base/memory.h"
#include "store/drop_watch.h"
#include "store/store_private.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS     16384
#define CHANGES_MAX (128 * 1024) /* octets kept of one mailbox; above it is read anew */

struct entry;

struct entry_folder {
	struct drop_watched watched; /* first */
	struct entry *entry;
};

struct entry {
	struct entry *next; /* in the bucket */
	struct entry *newer, *older;
	dev_t device;
	ino_t inode;
	bool lent; /* known is elsewhere, and this is not among newer and older */
	bool sure; /* watched, and nothing is missing in changes */
	struct entry_folder folders[FOLDERS];
	struct buffer changes; /* octet folder, octet came, name, NUL */
	struct drop_known known;
	size_t octets, listings; /* as they were added to the totals; 0 while lent */
};

struct drop_index {
	pthread_mutex_t lock;
	size_t octets, octets_max;
	size_t listings, listings_max; /* each is a descriptor */
	struct entry *newest, *oldest;
	struct drop_watch *watch;
	struct entry *buckets[BUCKETS];
};

struct drop_index *drop_index_new(size_t octets_max, size_t listings_max, int directory)
{
	struct drop_index *index = memory_new(sizeof *index);

	pthread_mutex_init(&index->lock, NULL);
	index->octets_max = octets_max;
	index->listings_max = listings_max;
	index->watch = drop_watch_new(directory);
	return index;
}

static struct entry **entry_at(struct drop_index *index, const struct mailbox *mailbox)
{
	struct entry **at = &index->buckets[stripe_of(mailbox->inode, BUCKETS)];

	while (*at != NULL && ((*at)->inode != mailbox->inode || (*at)->device != mailbox->device))
		at = &(*at)->next;
	return at;
}

static struct entry *entry_new(struct drop_index *index, const struct mailbox *mailbox)
{
	struct entry *entry = memory_new(sizeof *entry);

	entry->device = mailbox->device;
	entry->inode = mailbox->inode;
	entry->lent = true;
	entry->known.listing = -1;
	for (int i = 0; i < FOLDERS; i++) {
		entry->folders[i].watched.number = -1;
		entry->folders[i].entry = entry;
	}
	*entry_at(index, mailbox) = entry;
	return entry;
}

/* ---- age and size ---- */

static void entry_count(struct drop_index *index, struct entry *entry)
{
	index->octets -= entry->octets;
	index->listings -= entry->listings;
	entry->octets = sizeof *entry + drop_known_memory(&entry->known) + entry->changes.size;
	entry->listings = entry->known.listing >= 0;
	if (entry->lent)
		entry->octets = entry->listings = 0;
	index->octets += entry->octets;
	index->listings += entry->listings;
}

static void entry_lend(struct drop_index *index, struct entry *entry)
{
	*(entry->newer != NULL ? &entry->newer->older : &index->newest) = entry->older;
	*(entry->older != NULL ? &entry->older->newer : &index->oldest) = entry->newer;
	entry->newer = entry->older = NULL;
	entry->lent = true;
	entry_count(index, entry);
}

static void entry_return(struct drop_index *index, struct entry *entry)
{
	entry->lent = false;
	entry->older = index->newest;
	*(entry->older != NULL ? &entry->older->newer : &index->oldest) = entry;
	index->newest = entry;
	entry_count(index, entry);
}

/* ---- what is watched ---- */

static void entry_unwatch(struct drop_index *index, struct entry *entry)
{
	for (int i = 0; i < FOLDERS; i++)
		drop_watch_remove(index->watch, &entry->folders[i].watched);
	entry->sure = false;
	buffer_clear(&entry->changes);
	entry_count(index, entry);
}

static void change_keep(struct drop_index *index, struct drop_watched *watched, bool came,
			const char *name)
{
	struct entry_folder *folder = (struct entry_folder *)watched;
	struct entry *entry = folder->entry;
	const char head[2] = { (char)(folder - entry->folders), came };

	if (!entry->sure)
		return;
	buffer_add(&entry->changes, head, sizeof head);
	buffer_add(&entry->changes, name, strlen(name) + 1);
	if (buffer_used(&entry->changes) > CHANGES_MAX)
		entry_unwatch(index, entry);
	else
		entry_count(index, entry);
}

static void on_came(void *context, struct drop_watched *watched, const char *name)
{
	change_keep(context, watched, true, name);
}

static void on_went(void *context, struct drop_watched *watched, const char *name)
{
	change_keep(context, watched, false, name);
}

static void on_ended(void *context, struct drop_watched *watched)
{
	entry_unwatch(context, ((struct entry_folder *)watched)->entry);
}

static void on_missed(void *context)
{
	struct drop_index *index = context;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct entry *entry = index->buckets[i]; entry != NULL; entry = entry->next)
			entry->sure = false;
	}
}

static void changes_read(struct drop_index *index)
{
	static const struct drop_watch_calls calls = { on_came, on_went, on_ended, on_missed };

	drop_watch_read(index->watch, &calls, index);
}

bool drop_index_watch(struct drop_index *index, const struct mailbox *mailbox)
{
	struct entry *entry;
	bool watched = true;

	pthread_mutex_lock(&index->lock);
	entry = *entry_at(index, mailbox);
	for (int i = 0; watched && i < FOLDERS; i++)
		watched = entry->folders[i].watched.number >= 0 ||
			  drop_watch_add(index->watch, mailbox->fd, folder_names[i],
					 &entry->folders[i].watched);
	if (watched) {
		changes_read(index);
		buffer_clear(&entry->changes);
		entry->sure = entry->folders[FOLDER_NEW].watched.number >= 0 &&
			      entry->folders[FOLDER_CUR].watched.number >= 0;
		watched = entry->sure;
	}
	if (!watched)
		entry_unwatch(index, entry);
	pthread_mutex_unlock(&index->lock);
	return watched;
}

void drop_index_unwatch(struct drop_index *index, const struct mailbox *mailbox)
{
	pthread_mutex_lock(&index->lock);
	entry_unwatch(index, *entry_at(index, mailbox));
	pthread_mutex_unlock(&index->lock);
}

bool drop_index_changes(struct drop_index *index, const struct mailbox *mailbox,
			struct buffer *changes)
{
	struct entry *entry;
	bool sure;

	pthread_mutex_lock(&index->lock);
	entry = *entry_at(index, mailbox);
	if (entry->sure)
		changes_read(index);
	sure = entry->sure;
	*changes = entry->changes;
	entry->changes = (struct buffer)BUFFER_EMPTY;
	pthread_mutex_unlock(&index->lock);
	return sure;
}

bool drop_change_next(struct buffer *changes, struct drop_change *change)
{
	const char *at;

	if (buffer_used(changes) == 0)
		return false;
	at = buffer_bytes(changes);
	*change = (struct drop_change){ .folder = at[0], .came = at[1] != 0, .name = at + 2 };
	buffer_consume(changes, 2 + strlen(change->name) + 1);
	return true;
}

/* ---- taken and given back ---- */

static void entry_forget(struct drop_index *index, struct entry *entry)
{
	struct mailbox mailbox = { .device = entry->device, .inode = entry->inode };

	if (!entry->lent)
		entry_lend(index, entry);
	entry_unwatch(index, entry);
	*entry_at(index, &mailbox) = entry->next;
	drop_known_clear(&entry->known);
	free(entry);
}

void drop_index_free(struct drop_index *index)
{
	if (index == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (index->buckets[i] != NULL)
			entry_forget(index, index->buckets[i]);
	}
	drop_watch_free(index->watch);
	pthread_mutex_destroy(&index->lock);
	free(index);
}

void drop_index_take(struct drop_index *index, const struct mailbox *mailbox,
		     struct drop_known *known)
{
	struct entry *entry;

	pthread_mutex_lock(&index->lock);
	entry = *entry_at(index, mailbox);
	if (entry == NULL)
		entry = entry_new(index, mailbox);
	else
		entry_lend(index, entry);
	*known = entry->known;
	entry->known = (struct drop_known)DROP_KNOWN_NOTHING;
	pthread_mutex_unlock(&index->lock);
}

void drop_index_give(struct drop_index *index, const struct mailbox *mailbox,
		     struct drop_known *known)
{
	struct entry *entry;

	drop_known_shrink(known);
	pthread_mutex_lock(&index->lock);
	entry = *entry_at(index, mailbox);
	entry->known = *known;
	*known = (struct drop_known)DROP_KNOWN_NOTHING;
	/* Of two files of one name it is not known which one a change means. */
	if (!entry->known.read || entry->known.list.doubles > 0)
		entry_forget(index, entry);
	else
		entry_return(index, entry);
	while (index->oldest != NULL &&
	       (index->octets > index->octets_max || index->listings > index->listings_max))
		entry_forget(index, index->oldest);
	pthread_mutex_unlock(&index->lock);
}

size_t drop_index_octets(struct drop_index *index)
{
	size_t octets;

	pthread_mutex_lock(&index->lock);
	octets = index->octets;
	pthread_mutex_unlock(&index->lock);
	return octets;
}
