/* SPDX-License-Identifier: ISC */
/*
 * A mailbox as POP3 sees it: a list that stays as it was at login. Other programs
 * may rename or remove files under it; then the directories are read once more.
 */
#include "store/maildrop_private.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int maildrop_open_file(const struct store_maildrop *maildrop, const struct drop_message *message)
{
	char path[MESSAGE_PATH_SIZE];

	drop_message_path(message, path);
	return openat(maildrop->mailbox.fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

enum outcome store_maildrop_open(struct store *store, const struct store_mailbox *who,
				 struct store_maildrop **to, bool *busy,
				 struct store_failure *failure)
{
	struct store_maildrop *maildrop;
	struct mailbox mailbox;
	enum outcome outcome;

	failure_clear(failure);
	*to = NULL;
	*busy = false;
	outcome = mailbox_open(store, who, true, &mailbox, failure);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (!drop_lock_take(store, &mailbox)) {
		*busy = true;
		failure_say(failure, OUTCOME_TEMP, "%s is open in another session", mailbox.path);
		mailbox_close(&mailbox);
		return OUTCOME_TEMP;
	}
	maildrop = memory_new(sizeof *maildrop);
	maildrop->store = store;
	maildrop->mailbox = mailbox;
	maildrop->quota = who->quota;
	if (maildrop_know(maildrop) != 0) {
		failure_errno(failure, errno, "cannot read %s", mailbox.path);
		store_maildrop_close(maildrop);
		return OUTCOME_TEMP;
	}
	*to = maildrop;
	return OUTCOME_OK;
}

void store_maildrop_close(struct store_maildrop *maildrop)
{
	if (maildrop == NULL)
		return;
	drop_index_give(maildrop->store->index, &maildrop->mailbox, &maildrop->known);
	drop_lock_release(maildrop->store, maildrop->mailbox.device, maildrop->mailbox.inode);
	mailbox_close(&maildrop->mailbox);
	free(maildrop);
}

size_t store_maildrop_count(const struct store_maildrop *maildrop)
{
	return maildrop->known.list.count;
}

struct drop_message *maildrop_at(const struct store_maildrop *maildrop, size_t number)
{
	const struct drop_list *list = &maildrop->known.list;

	return number >= 1 && number <= list->count ? &list->messages[number - 1] : NULL;
}

uint64_t store_maildrop_size(const struct store_maildrop *maildrop, size_t number)
{
	const struct drop_message *message = maildrop_at(maildrop, number);

	return message != NULL ? message->wire : 0;
}

const char *store_maildrop_uid(const struct store_maildrop *maildrop, size_t number)
{
	const struct drop_message *message = maildrop_at(maildrop, number);

	return message != NULL ? message->uid : "";
}

uint64_t store_maildrop_octets(const struct store_maildrop *maildrop)
{
	return maildrop->known.octets;
}

int store_maildrop_listing(struct store_maildrop *maildrop, size_t behind, size_t *count)
{
	if (drop_known_list(&maildrop->known, behind) != 0)
		return -1;
	*count = maildrop->known.listed;
	return fcntl(maildrop->known.listing, F_DUPFD_CLOEXEC, 0);
}

bool maildrop_refresh(struct store_maildrop *maildrop)
{
	struct drop_list *list = &maildrop->known.list, fresh;
	struct folder_states now;

	/* A lost message costs no scan when reading again can bring nothing. */
	if (!folder_states_look(&now, maildrop->mailbox.fd))
		return false;
	if (folder_states_settled(&maildrop->looked) && folder_states_same(&maildrop->looked, &now))
		return true;
	if (drop_list_read(&fresh, maildrop->mailbox.fd) != 0)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		struct drop_message *message = &list->messages[i];
		const struct drop_message *found = drop_list_find(&fresh, message);

		message->gone = found == NULL;
		if (found == NULL)
			list->some_gone = true;
		else if (message->in_cur != found->in_cur ||
			 strcmp(message->suffix, found->suffix) != 0)
			drop_list_move(list, message, found);
	}
	drop_list_clear(&fresh);
	maildrop->looked = now;
	return true;
}

static int message_open_again(struct store_maildrop *maildrop, struct drop_message *message)
{
	int fd = maildrop_open_file(maildrop, message);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (!maildrop_refresh(maildrop))
		return -1;
	errno = ENOENT;
	return message->gone ? -1 : maildrop_open_file(maildrop, message);
}

/* As POP3 sends it: the file itself when its lines end in CRLF already. */
static int message_for_wire(struct store_maildrop *maildrop, const struct drop_message *message,
			    int fd)
{
	struct stat status;
	int converted, error;

	if (fstat(fd, &status) != 0) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	if ((uint64_t)status.st_size == message->wire)
		return fd;
	converted = wire_convert(maildrop->store, fd, message->wire);
	error = errno;
	close(fd);
	errno = error;
	return converted;
}

int store_maildrop_message(struct store_maildrop *maildrop, size_t number, enum outcome *outcome,
			   struct store_failure *failure)
{
	struct drop_message *message = maildrop_at(maildrop, number);
	int fd;

	failure_clear(failure);
	*outcome = OUTCOME_OK;
	if (message == NULL) {
		*outcome = failure_say(failure, OUTCOME_PERM, "no message %zu", number);
		return -1;
	}
	fd = message_open_again(maildrop, message);
	if (fd < 0 && errno == ENOENT) {
		*outcome = failure_say(failure, OUTCOME_PERM, "%s: message %s is gone",
				       maildrop->mailbox.path, message->unique);
		return -1;
	}
	if (fd >= 0)
		fd = message_for_wire(maildrop, message, fd);
	if (fd < 0)
		*outcome = failure_errno(failure, errno, "cannot read message %s in %s",
					 message->unique, maildrop->mailbox.path);
	return fd;
}
