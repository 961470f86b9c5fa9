/* SPDX-License-Identifier: ISC */
/*
 * Who was warned that his mailbox fills up: an empty file "postern-warned" in it, from the
 * crossing of the level until the mailbox is below it again. Its time is that of the warning.
 * It is not synced: after a power cut somebody may be warned twice.
 */
#include "store/store_private.h"

#include "base/clock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char name[] = "postern-warned";

static bool is_due_again(const struct account *account)
{
	unsigned again = account->store->warning.again;
	struct stat status;

	return again > 0 &&
	       fstatat(account->mailbox->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       clock_unix() - status.st_mtim.tv_sec >= (int64_t)again &&
	       utimensat(account->mailbox->fd, name, NULL, AT_SYMLINK_NOFOLLOW) == 0;
}

bool warned_note(const struct account *account, uint64_t warn, uint64_t used)
{
	int fd;

	if (warn == 0 || account->store->warning.call == NULL)
		return false;
	if (used < warn) {
		warned_forget(account->mailbox);
		return false;
	}
	fd = openat(account->mailbox->fd, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return is_due_again(account);
	close(fd);
	return true;
}

void warned_forget(const struct mailbox *mailbox)
{
	(void)unlinkat(mailbox->fd, name, 0);
}

int64_t warned_when(const struct mailbox *mailbox)
{
	struct stat status;

	return fstatat(mailbox->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_mtim.tv_sec
									     : 0;
}
