/* SPDX-License-Identifier: ISC */
/*
 * The messages in new/ and cur/ of a mailbox, in order of arrival, from one reading
 * of the directories and no stat; and what changes it when names come and go.
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
	struct arena_chunk *texts;       /* never moved: uid stays valid as long as the list */
	size_t texts_octets, texts_read; /* now, and when it was read */
	size_t doubles;                  /* unique names that two files had */
	bool some_gone;
};

/* -1 with errno; the list is then empty. */
int drop_list_read(struct drop_list *list, int mailbox);
void drop_list_clear(struct drop_list *list);
size_t drop_list_memory(const struct drop_list *list); /* octets it takes */
/* The message of the same unique name, or NULL. */
struct drop_message *drop_list_find(const struct drop_list *list, const struct drop_message *like);
/* Where a message that is not there belongs. */
size_t drop_list_place(const struct drop_list *list, const struct drop_message *message);
/* Copies the texts and gives it a uid. The list takes no more than MAILDROP_MESSAGES_MAX: NULL. */
struct drop_message *drop_list_insert(struct drop_list *list, size_t place,
				      const struct drop_message *message);
/* The file of the message is where `like` says; it is not gone. */
void drop_list_move(struct drop_list *list, struct drop_message *message,
		    const struct drop_message *like);
/* How many in front of the first that was gone. */
size_t drop_list_remove_gone(struct drop_list *list);
/* What a file name tells; the texts are in `unique` and in name. False: not a message's. */
bool drop_message_parse(const char *name, bool in_cur, char unique[MAILDIR_NAME_SIZE],
			struct drop_message *message);
/* "cur/<name>", for use below the mailbox directory. */
void drop_message_path(const struct drop_message *message, char to[MAILDIR_NAME_SIZE + 8]);

#endif
