/* SPDX-License-Identifier: ISC */
/* The maildrop, for the files that work on it. */
#ifndef STORE_MAILDROP_PRIVATE_H
#define STORE_MAILDROP_PRIVATE_H

#include "store/drop_index.h"
#include "store/store_private.h"

#define MESSAGE_PATH_SIZE (MAILDIR_NAME_SIZE + 8)

struct store_maildrop {
	struct store *store;
	struct mailbox mailbox;
	uint64_t quota;
	struct drop_known known; /* the index gets it back, so it says of changes made here too */
	struct folder_states looked; /* when the names in known were last right */
};

/* NULL when there is no such number. */
struct drop_message *maildrop_at(const struct store_maildrop *maildrop, size_t number);
/* Brings names up to date after another program renamed files. False when they cannot be read. */
bool maildrop_refresh(struct store_maildrop *maildrop);
int maildrop_open_file(const struct store_maildrop *maildrop, const struct drop_message *message);

/* maildrop_measure.c: counts when the name does not tell the size on the wire. Gone meanwhile:
 * message->gone. -1 with errno. */
int maildrop_measure(struct store_maildrop *maildrop, struct drop_message *message);

/* maildrop_know.c: from the index when that is certain, otherwise from the directories. -1 with
 * errno. */
int maildrop_know(struct store_maildrop *maildrop);

#endif
