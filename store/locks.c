/* SPDX-License-Identifier: ISC */
/* Who has which maildrop open (RFC 1939 section 4: an exclusive lock for the session). */
#include "store/store_private.h"

#include "base/memory.h"

#include <stdlib.h>

#define BUCKETS 1024

struct drop_locks {
	struct held *buckets[BUCKETS];
};

struct held {
	struct held *next;
	dev_t device;
	ino_t inode;
};

struct drop_locks *drop_locks_new(void)
{
	return memory_new(sizeof(struct drop_locks));
}

void drop_locks_free(struct drop_locks *drops)
{
	for (size_t i = 0; drops != NULL && i < BUCKETS; i++) {
		while (drops->buckets[i] != NULL) {
			struct held *held = drops->buckets[i];

			drops->buckets[i] = held->next;
			free(held);
		}
	}
	free(drops);
}

static struct held **held_find(struct store *store, dev_t device, ino_t inode)
{
	struct held **at = &store->drops->buckets[stripe_of(inode, BUCKETS)];

	while (*at != NULL && ((*at)->inode != inode || (*at)->device != device))
		at = &(*at)->next;
	return at;
}

bool drop_lock_take(struct store *store, const struct mailbox *mailbox)
{
	struct held **at, *held;
	bool free_before;

	pthread_mutex_lock(&store->memory);
	at = held_find(store, mailbox->device, mailbox->inode);
	free_before = *at == NULL;
	if (free_before) {
		held = memory_new(sizeof *held);
		held->device = mailbox->device;
		held->inode = mailbox->inode;
		*at = held;
	}
	pthread_mutex_unlock(&store->memory);
	return free_before;
}

void drop_lock_release(struct store *store, dev_t device, ino_t inode)
{
	struct held **at, *held;

	pthread_mutex_lock(&store->memory);
	at = held_find(store, device, inode);
	held = *at;
	if (held != NULL)
		*at = held->next;
	pthread_mutex_unlock(&store->memory);
	free(held);
}
