/* SPDX-License-Identifier: ISC */
/*
 * What was known of each mailbox when it was last closed, in memory, at most so many octets and
 * descriptors for all of them; the one not opened for longest goes first. Whoever opens the mailbox
 * takes it out, checks it against the directories, and gives it back; the maildrop's lock sees to
 * it that there is one such at a time. Of a mailbox that is watched, all that came to it and went
 * from it meanwhile is kept beside it. Locks itself.
 */
#ifndef STORE_DROP_INDEX_H
#define STORE_DROP_INDEX_H

#include "base/buffer.h"
#include "store/drop_known.h"

struct drop_index;
struct mailbox;

struct drop_change {
	int folder;
	bool came; /* or went */
	const char *name;
};

/* directory: below which all mailboxes are. */
struct drop_index *drop_index_new(size_t octets_max, size_t listings_max, int directory);
void drop_index_free(struct drop_index *index);
/* Nothing in *known when nothing is. To be given back in any case. */
void drop_index_take(struct drop_index *index, const struct mailbox *mailbox,
		     struct drop_known *known);
void drop_index_give(struct drop_index *index, const struct mailbox *mailbox,
		     struct drop_known *known);
/* Between the two. From here on every change is kept; false: not watched. */
bool drop_index_watch(struct drop_index *index, const struct mailbox *mailbox);
void drop_index_unwatch(struct drop_index *index, const struct mailbox *mailbox);
/* Moves what changed since the last time to *changes. False: that is not known. */
bool drop_index_changes(struct drop_index *index, const struct mailbox *mailbox,
			struct buffer *changes);
/* Takes the first change off; its name is valid until the buffer changes. False: there is none. */
bool drop_change_next(struct buffer *changes, struct drop_change *change);
size_t drop_index_octets(struct drop_index *index);

#endif
