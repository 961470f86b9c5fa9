/* SPDX-License-Identifier: ISC */
/*
 * What a mailbox holds, kept in its maildirsize so that a delivery reads no
 * directory. An account is open under the mailbox's lock: checking, linking and
 * the line in maildirsize are one step for every other thread.
 */
#include "store/store_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"
#include "store/maildirsize.h"
#include "store/maildrop_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECOUNT_PAUSE_MS 60000 /* at most one recount a minute because other programs write too */
#define TMP_AGE          (36 * 3600) /* what Maildir programs allow a writer; then the file is litter */

struct recount {      /* of one mailbox, in store->recounts */
	int64_t at;   /* clock_ms */
	bool foreign; /* another program changed the mailbox since */
};

static struct span account_key(const struct account *account, uint64_t key[2])
{
	key[0] = account->mailbox->device;
	key[1] = account->mailbox->inode;
	return span_make(key, 2 * sizeof key[0]);
}

static void recount_note(struct account *account)
{
	struct recount *recount = memory_new(sizeof *recount);
	uint64_t key[2];

	recount->at = clock_ms();
	pthread_mutex_lock(&account->store->memory);
	table_put(account->store->recounts, account_key(account, key), recount, INT64_MAX);
	pthread_mutex_unlock(&account->store->memory);
}

/* Another program changed the mailbox: count again, but not at every delivery. */
static bool recount_due(struct account *account, bool foreign)
{
	struct recount *recount;
	uint64_t key[2];
	bool due = foreign;

	pthread_mutex_lock(&account->store->memory);
	recount = table_find(account->store->recounts, account_key(account, key), clock_ms());
	if (recount != NULL) {
		recount->foreign = recount->foreign || foreign;
		due = recount->foreign && clock_ms() - recount->at >= RECOUNT_PAUSE_MS;
	}
	pthread_mutex_unlock(&account->store->memory);
	return due;
}

static bool time_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Our own changes touch maildirsize after the directory; a younger directory is somebody else's. */
static bool folder_changed_since(const struct account *account, const char *folder,
				 const struct timespec *when)
{
	struct stat status;

	return fstatat(account->mailbox->fd, folder, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       time_before(when, &status.st_mtim);
}

static bool file_believed(struct account *account, struct maildirsize *sizes)
{
	char text[MAILDIRSIZE_MAX + 1];
	struct stat status;
	ssize_t got;
	bool foreign;

	if (fstat(account->fd, &status) != 0 || !S_ISREG(status.st_mode) ||
	    time_before(&status.st_mtim, &account->store->suspect_before))
		return false;
	got = pread(account->fd, text, sizeof text, 0);
	if (got < 0 || got > MAILDIRSIZE_MAX ||
	    !maildirsize_parse(span_make(text, (size_t)got), sizes))
		return false;
	if (sizes->quota_octets != account->quota)
		return false;
	foreign = folder_changed_since(account, "new", &status.st_mtim) ||
		  folder_changed_since(account, "cur", &status.st_mtim);
	return !recount_due(account, foreign);
}

static void file_close(struct account *account)
{
	if (account->fd >= 0)
		close(account->fd);
	account->fd = -1;
}

/* A fresh maildirsize under a temporary name, then moved over the old one. */
static int file_replace(struct account *account)
{
	const struct mailbox *mailbox = account->mailbox;
	char name[MAILDIR_UID_SIZE + 4] = "tmp/", text[128];
	int length, fd;

	maildir_name_unique("maildirsize", name + 4);
	fd = openat(mailbox->fd, name, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	length = snprintf(text, sizeof text, "%lluS\n%llu %llu\n",
			  (unsigned long long)account->quota,
			  (unsigned long long)account->usage.octets,
			  (unsigned long long)account->usage.messages);
	if (write(fd, text, (size_t)length) == length &&
	    renameat(mailbox->fd, name, mailbox->fd, "maildirsize") == 0) {
		account->fd = fd;
		return 0;
	}
	(void)unlinkat(mailbox->fd, name, 0);
	close(fd);
	return -1;
}

enum outcome account_recount(struct account *account, struct store_failure *failure)
{
	file_close(account);
	if (mailbox_count(account->mailbox->fd, &account->usage) != 0)
		return failure_errno(failure, errno, "cannot read %s", account->mailbox->path);
	/* Without the file the count stands as well: the next one just counts again. */
	if (file_replace(account) != 0 && unlinkat(account->mailbox->fd, "maildirsize", 0) != 0 &&
	    errno != ENOENT)
		log_warning("store.maildirsize", LOG_TEXT("mailbox", account->mailbox->path),
			    LOG_NUMBER("errno", errno));
	(void)folder_sweep(account->mailbox->fd, "tmp", "", clock_unix() - TMP_AGE);
	recount_note(account);
	return OUTCOME_OK;
}

enum outcome account_open(struct store *store, const struct mailbox *mailbox, uint64_t quota,
			  struct account *account, struct store_failure *failure)
{
	struct maildirsize sizes;

	*account = (struct account){ .store = store, .mailbox = mailbox, .quota = quota };
	account->lock = &store->quota[stripe_of(mailbox->inode, QUOTA_STRIPES)];
	pthread_mutex_lock(account->lock);
	account->fd =
		openat(mailbox->fd, "maildirsize", O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (account->fd < 0 && errno != ENOENT) {
		failure_errno(failure, errno, "cannot open %s/maildirsize", mailbox->path);
		account_close(account);
		return OUTCOME_TEMP;
	}
	if (quota == 0)
		return OUTCOME_OK;
	if (account->fd >= 0 && file_believed(account, &sizes)) {
		account->usage.octets = sizes.octets;
		account->usage.messages = sizes.messages;
		return OUTCOME_OK;
	}
	if (account_recount(account, failure) == OUTCOME_OK)
		return OUTCOME_OK;
	account_close(account);
	return OUTCOME_TEMP;
}

bool account_has_room(const struct account *account, uint64_t octets)
{
	return account->quota == 0 || (account->usage.octets <= account->quota &&
				       octets <= account->quota - account->usage.octets);
}

enum outcome account_add(struct account *account, int64_t octets, int64_t messages,
			 struct store_failure *failure)
{
	char line[64];
	int length =
		snprintf(line, sizeof line, "%lld %lld\n", (long long)octets, (long long)messages);

	if (account->fd < 0 || write(account->fd, line, (size_t)length) == length)
		return OUTCOME_OK;
	/* Half a line would spoil the next one; without the file everything is counted again. */
	file_close(account);
	if (unlinkat(account->mailbox->fd, "maildirsize", 0) == 0 || errno == ENOENT)
		return OUTCOME_OK;
	return failure_errno(failure, errno, "cannot write %s/maildirsize", account->mailbox->path);
}

void account_close(struct account *account)
{
	file_close(account);
	pthread_mutex_unlock(account->lock);
}

/* Of an open mailbox. */
static enum outcome usage_read(struct store *store, const struct mailbox *mailbox, uint64_t quota,
			       struct store_usage *usage, struct store_failure *failure)
{
	struct account account;
	enum outcome outcome = account_open(store, mailbox, quota, &account, failure);

	if (outcome != OUTCOME_OK)
		return outcome;
	*usage = account.usage;
	account_close(&account);
	if (quota == 0 && mailbox_count(mailbox->fd, usage) != 0)
		return failure_errno(failure, errno, "cannot read %s", mailbox->path);
	return OUTCOME_OK;
}

enum outcome store_usage(struct store *store, const struct store_mailbox *who,
			 struct store_usage *usage, struct store_failure *failure)
{
	struct mailbox mailbox;
	enum outcome outcome;

	failure_clear(failure);
	memset(usage, 0, sizeof *usage);
	outcome = mailbox_open(store, who, false, &mailbox, failure);
	if (outcome != OUTCOME_OK || mailbox.fd < 0)
		return outcome;
	outcome = usage_read(store, &mailbox, who->quota, usage, failure);
	mailbox_close(&mailbox);
	return outcome;
}

enum outcome store_maildrop_quota(struct store_maildrop *maildrop, struct store_usage *usage,
				  uint64_t *limit, struct store_failure *failure)
{
	failure_clear(failure);
	memset(usage, 0, sizeof *usage);
	*limit = maildrop->quota < INT64_MAX ? maildrop->quota : 0;
	return usage_read(maildrop->store, &maildrop->mailbox, maildrop->quota, usage, failure);
}
