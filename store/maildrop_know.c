/* SPDX-License-Identifier: ISC */
/*
 * What is in a mailbox at login. The index remembers it from the last session; that is used when
 * the directories prove it right: they look as they did then, and a change could not have hidden
 * in the same tick of the clock; or they were watched, and every change since is known by name.
 * Everything else is read anew. What cannot be understood from the changes alone is, too.
 */
#include "store/maildrop_private.h"

#include <string.h>

#define WATCHED_FROM 1000        /* messages; fewer are read anew in no time */
#define WATCHED_SIZE (64 * 1024) /* octets of a directory that may hold so many */
#define TEXTS_SPARE  (256 * 1024)

static bool in_place(const struct drop_message *message, const struct drop_message *like)
{
	return !message->gone && message->in_cur == like->in_cur &&
	       strcmp(message->suffix, like->suffix) == 0;
}

static bool message_came(struct store_maildrop *maildrop, const struct drop_message *like)
{
	struct drop_known *known = &maildrop->known;
	struct drop_message *message = drop_list_find(&known->list, like);
	size_t place;

	if (message != NULL) {
		/* Two files of one name: which of them stays is not told. */
		if (!message->gone)
			return in_place(message, like);
		drop_list_move(&known->list, message, like);
		return true;
	}
	place = drop_list_place(&known->list, like);
	message = drop_list_insert(&known->list, place, like);
	if (message == NULL || (!message->has_wire && maildrop_measure(maildrop, message) != 0))
		return false;
	known->list.some_gone = known->list.some_gone || message->gone;
	known->octets += message->wire;
	if (known->listed > place)
		known->listed = place;
	return true;
}

static void message_went(struct drop_list *list, const struct drop_message *like)
{
	struct drop_message *message = drop_list_find(list, like);

	if (message == NULL || !in_place(message, like))
		return; /* seen so when the directories were read */
	message->gone = true;
	list->some_gone = true;
}

/* False: read anew. */
static bool changes_apply(struct store_maildrop *maildrop, struct buffer *changes,
			  bool touched[FOLDERS])
{
	struct drop_change change;

	while (drop_change_next(changes, &change)) {
		char unique[MAILDIR_NAME_SIZE];
		struct drop_message like;

		touched[change.folder] = true;
		if (!drop_message_parse(change.name, change.folder == FOLDER_CUR, unique, &like))
			continue;
		if (!change.came)
			message_went(&maildrop->known.list, &like);
		else if (!message_came(maildrop, &like))
			return false;
	}
	return true;
}

/* A directory that looks otherwise, and nothing was told of it, is not understood. */
static bool changes_explain(const struct folder_states *before, const struct folder_states *now,
			    const bool touched[FOLDERS])
{
	for (int i = 0; i < FOLDERS; i++) {
		const struct folder_state *old = &before->of[i], *new = &now->of[i];

		if (old->device != new->device || old->inode != new->inode ||
		    (!touched[i] && !folder_state_same(old, new)))
			return false;
	}
	return true;
}

static bool known_follow(struct store_maildrop *maildrop, struct buffer *changes,
			 struct folder_states *now)
{
	struct drop_known *known = &maildrop->known;
	bool touched[FOLDERS] = { false };

	if (!changes_apply(maildrop, changes, touched) ||
	    !changes_explain(&known->folders, now, touched))
		return false;
	if (known->list.some_gone)
		drop_known_remove_gone(known);
	/* A change may show in the times already and not be told yet: they prove nothing alone. */
	if (!folder_states_same(&known->folders, now))
		now->at = (struct timespec){ 0 };
	else
		now->at = known->folders.at;
	return true;
}

/* From here on every change is known, if none was made since the directories were looked at. */
static void maildrop_watch(struct store_maildrop *maildrop)
{
	const struct drop_known *known = &maildrop->known;
	struct folder_states now;

	if (known->list.count < WATCHED_FROM || !folder_states_settled(&known->folders))
		return;
	if (drop_index_watch(maildrop->store->index, &maildrop->mailbox) &&
	    (!folder_states_look(&now, maildrop->mailbox.fd) ||
	     !folder_states_same(&now, &known->folders)))
		drop_index_unwatch(maildrop->store->index, &maildrop->mailbox);
}

/* False: what is remembered, if anything, is of no use. */
static bool maildrop_recall(struct store_maildrop *maildrop)
{
	struct drop_known *known = &maildrop->known;
	struct buffer changes = BUFFER_EMPTY;
	struct folder_states now;
	bool watched, right;

	if (!known->read || known->list.texts_octets > 2 * known->list.texts_read + TEXTS_SPARE ||
	    !folder_states_look(&now, maildrop->mailbox.fd))
		return false;
	/* Behind the look: what shows in the times is among the changes, or nearly done. */
	watched = drop_index_changes(maildrop->store->index, &maildrop->mailbox, &changes);
	if (watched)
		right = known_follow(maildrop, &changes, &now);
	else
		right = folder_states_settled(&known->folders) &&
			folder_states_same(&known->folders, &now);
	buffer_clear(&changes);
	if (!right)
		return false;
	known->folders = now;
	if (!watched)
		maildrop_watch(maildrop);
	return true;
}

static int known_read(struct store_maildrop *maildrop)
{
	struct drop_known *known = &maildrop->known;

	if (drop_list_read(&known->list, maildrop->mailbox.fd) != 0)
		return -1;
	for (size_t i = 0; i < known->list.count; i++) {
		struct drop_message *message = &known->list.messages[i];

		if (!message->has_wire && maildrop_measure(maildrop, message) != 0)
			return -1;
		known->list.some_gone = known->list.some_gone || message->gone;
	}
	if (known->list.some_gone)
		drop_known_remove_gone(known);
	drop_known_sum(known);
	known->read = true;
	return 0;
}

/*
 * What seems to be large is watched before it is read: changes meanwhile are then seen, told, or
 * both. Afterwards it might be too late, when the mailbox changes all the time.
 */
static int maildrop_read(struct store_maildrop *maildrop)
{
	struct drop_known *known = &maildrop->known;
	struct drop_index *index = maildrop->store->index;
	struct folder_states now;
	bool watched;

	drop_known_clear(known);
	if (!folder_states_look(&now, maildrop->mailbox.fd))
		return -1;
	watched = now.of[FOLDER_NEW].size + now.of[FOLDER_CUR].size >= WATCHED_SIZE &&
		  drop_index_watch(index, &maildrop->mailbox);
	if (watched && !folder_states_look(&now, maildrop->mailbox.fd))
		return -1;
	known->folders = now;
	if (known_read(maildrop) != 0) {
		drop_known_clear(known);
		return -1;
	}
	if (!watched)
		maildrop_watch(maildrop);
	else if (known->list.count < WATCHED_FROM / 2)
		drop_index_unwatch(index, &maildrop->mailbox);
	return 0;
}

int maildrop_know(struct store_maildrop *maildrop)
{
	drop_index_take(maildrop->store->index, &maildrop->mailbox, &maildrop->known);
	if (!maildrop_recall(maildrop) && maildrop_read(maildrop) != 0)
		return -1;
	maildrop->looked = maildrop->known.folders;
	return 0;
}
