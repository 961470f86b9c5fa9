/* SPDX-License-Identifier: ISC */
/* QUIT: the messages marked deleted go, all of them durably, with one line in maildirsize. */
#include "store/maildrop_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define WATCHED_REMOVALS 1000

struct removal {
	struct store_maildrop *maildrop;
	size_t removed; /* as the client asked */
	int64_t octets; /* of those that this removal took away */
	int64_t messages;
	bool touched[FOLDERS];
};

static int message_unlink(struct store_maildrop *maildrop, struct drop_message *message)
{
	char path[MESSAGE_PATH_SIZE];
	struct stat status;

	drop_message_path(message, path);
	if (!message->has_octets) {
		if (fstatat(maildrop->mailbox.fd, path, &status, AT_SYMLINK_NOFOLLOW) != 0)
			return -1;
		message->octets = (uint64_t)status.st_size;
		message->has_octets = true;
	}
	return unlinkat(maildrop->mailbox.fd, path, 0);
}

/* 0 also when it is gone already, which is what the client wanted. */
static int removal_one(struct removal *removal, struct drop_message *message)
{
	int result = message->gone ? 0 : message_unlink(removal->maildrop, message);

	if (result != 0 && errno == ENOENT && maildrop_refresh(removal->maildrop))
		result = message->gone ? 0 : message_unlink(removal->maildrop, message);
	if (result != 0)
		return -1;
	if (!message->gone) {
		removal->octets += (int64_t)message->octets;
		removal->messages++;
		removal->touched[message->in_cur] = true;
	}
	message->gone = true;
	removal->maildrop->known.list.some_gone = true;
	removal->removed++;
	return 0;
}

static int removal_sync(const struct removal *removal)
{
	int result = 0;

	for (size_t i = 0; i < FOLDERS; i++) {
		int fd = removal->touched[i]
				 ? mailbox_folder(&removal->maildrop->mailbox, folder_names[i])
				 : -1;

		if (removal->touched[i] && (fd < 0 || fsync(fd) != 0))
			result = -1;
		if (fd >= 0)
			close(fd);
	}
	return result;
}

static enum outcome removal_run(struct removal *removal, const uint32_t *numbers, size_t count,
				struct store_failure *failure)
{
	const char *path = removal->maildrop->mailbox.path;
	enum outcome outcome = OUTCOME_OK;

	for (size_t i = 0; i < count; i++) {
		struct drop_message *message = maildrop_at(removal->maildrop, numbers[i]);

		if (message != NULL && removal_one(removal, message) != 0)
			outcome = failure_errno(failure, errno, "cannot remove %s in %s",
						message->unique, path);
	}
	return outcome;
}

enum outcome store_maildrop_remove(struct store_maildrop *maildrop, const uint32_t *numbers,
				   size_t count, size_t *removed, struct store_failure *failure)
{
	struct removal removal = { .maildrop = maildrop };
	struct account account;
	enum outcome outcome, added = OUTCOME_OK;

	failure_clear(failure);
	*removed = 0;
	outcome = account_open(maildrop->store, &maildrop->mailbox, maildrop->quota, &account,
			       failure);
	if (outcome != OUTCOME_OK)
		return outcome;
	/* Reading anew is less than being told of each. */
	if (count > WATCHED_REMOVALS)
		drop_index_unwatch(maildrop->store->index, &maildrop->mailbox);
	outcome = removal_run(&removal, numbers, count, failure);
	if (removal.messages > 0)
		added = account_add(&account, -removal.octets, -removal.messages, failure);
	account_close(&account);
	*removed = removal.removed;
	if (removal_sync(&removal) != 0)
		return failure_errno(failure, errno, "cannot make removals in %s durable",
				     maildrop->mailbox.path);
	return outcome == OUTCOME_OK ? added : outcome;
}
