/* SPDX-License-Identifier: ISC */
/*
 * Who was warned that his mailbox fills up: a file "postern-warned" in it, from the crossing of
 * the level until a delivery finds the mailbox clearly below it. Empty it says that the warning is
 * on its way, and since when; with a line in it that it has arrived. Whoever dies in between, or
 * cannot deliver it, leaves an empty one that is too old, and the next delivery warns. It is not
 * synced: after a power cut somebody may be warned twice.
 */
#include "store/store_private.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	UNDER_WAY = 60, /* seconds that a warning may take */
	CLEARLY = 20    /* below the level by that part of it: who moves around it is warned once */
};

static const char name[] = "postern-warned";
static const char arrived[] = "sent\n";

/* It is there. True: it is as if it were not. */
static bool is_due_again(const struct account *account)
{
	unsigned again = atomic_load(&account->store->warn_again);
	struct stat status;
	int64_t age;
	int fd;

	if (fstatat(account->mailbox->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	age = clock_unix() - status.st_mtim.tv_sec;
	if (status.st_size == 0 ? age < UNDER_WAY : again == 0 || age < (int64_t)again)
		return false;
	fd = openat(account->mailbox->fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	/* Emptying a file that is empty does not change its time. */
	if (ftruncate(fd, 0) != 0 || futimens(fd, NULL) != 0) {
		close(fd);
		return false;
	}
	close(fd);
	return true;
}

bool warned_note(const struct account *account, uint64_t warn, uint64_t before, uint64_t used)
{
	int fd;

	if (warn == 0 || account->store->warning.call == NULL)
		return false;
	if (before < warn - warn / CLEARLY)
		warned_forget(account->mailbox);
	if (used < warn)
		return false;
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

	return fstatat(mailbox->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size > 0
		       ? status.st_mtim.tv_sec
		       : 0;
}

enum outcome store_warned(struct store *store, const struct store_mailbox *who,
			  struct store_failure *failure)
{
	struct mailbox mailbox;
	enum outcome outcome;
	int fd;

	failure_clear(failure);
	outcome = mailbox_open(store, who, false, &mailbox, failure);
	if (outcome != OUTCOME_OK || mailbox.fd < 0)
		return outcome;
	/* Not there: the mailbox was emptied meanwhile. */
	fd = openat(mailbox.fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		if (pwrite(fd, arrived, sizeof arrived - 1, 0) != (ssize_t)sizeof arrived - 1)
			outcome = failure_errno(failure, errno, "cannot write %s/%s", mailbox.path,
						name);
		close(fd);
	}
	mailbox_close(&mailbox);
	return outcome;
}
