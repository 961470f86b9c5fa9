/* SPDX-License-Identifier: ISC */
/*
 * The messages in new/ and cur/ of a mailbox, in order of arrival, from one reading
 * of the directories and no stat.
 */
#ifndef STORE_MAILDROP_LIST_H
#define STORE_MAILDROP_LIST_H

#include "store/maildir_name.h"

#define MAILDROP_MESSAGES_MAX 4000000 /* more are not shown */

struct drop_message {
	const char *unique; /* the file's name is unique and suffix, one after the other */
	const char *suffix;
	const char *uid;
	uint64_t seconds, microseconds, counter;
	uint64_t octets;
	uint64_t wire;
	bool has_octets;
	bool has_wire;
	bool in_cur;
	bool gone;
};

struct arena_chunk;

struct drop_list {
	struct drop_message *messages;
	size_t count, size;
	struct arena_chunk *texts; /* never moved: uid stays valid as long as the list */
};

/* -1 with errno; the list is then empty. */
int drop_list_read(struct drop_list *list, int mailbox);
void drop_list_clear(struct drop_list *list);
/* The message of the same unique name, or NULL. */
struct drop_message *drop_list_find(const struct drop_list *list, const struct drop_message *like);
void drop_list_remove_gone(struct drop_list *list);
/* "cur/<name>", for use below the mailbox directory. */
void drop_message_path(const struct drop_message *message, char to[MAILDIR_NAME_SIZE + 8]);

#endif
