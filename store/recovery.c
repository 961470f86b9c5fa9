/* SPDX-License-Identifier: ISC */
/*
 * What a run that ended badly left behind. <root>/.spool/run is locked by every
 * store process; whoever gets it alone knows that all other files there are dead.
 * <root>/.spool/state says whether the last run closed its mailboxes in order.
 */
#include "store/store_private.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALONE_TRIES = 100 /* five seconds */, STATE_SIZE = 64 };

struct sweep {
	int directory;
	const char *prefix;
	int64_t older_than;
	size_t removed;
};

static bool sweep_file(void *context, const char *name)
{
	struct sweep *sweep = context;
	struct stat status;

	if (strncmp(name, sweep->prefix, strlen(sweep->prefix)) != 0 || strcmp(name, "run") == 0 ||
	    strcmp(name, "state") == 0)
		return true;
	if (fstatat(sweep->directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    status.st_mtime < sweep->older_than && unlinkat(sweep->directory, name, 0) == 0)
		sweep->removed++;
	return true;
}

size_t folder_sweep(int directory, const char *folder, const char *prefix, int64_t older_than)
{
	struct sweep sweep = { -1, prefix, older_than, 0 };

	sweep.directory =
		openat(directory, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sweep.directory < 0)
		return 0;
	(void)folder_scan(sweep.directory, ".", SCAN_MESSAGES, sweep_file, &sweep);
	close(sweep.directory);
	return sweep.removed;
}

size_t spool_sweep(struct store *store, int64_t older_than)
{
	return folder_sweep(store->spool_fd, ".", "spool.", older_than);
}

/* Mailboxes that were being built. Only what mailbox_build makes is removed. */
static bool sweep_mailbox(void *context, const char *name)
{
	static const char *const parts[] = { "tmp", "new", "cur" };
	struct sweep *sweep = context;
	int fd;

	if (strncmp(name, "mailbox.", 8) != 0)
		return true;
	fd = openat(sweep->directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return true;
	(void)folder_sweep(fd, "tmp", "", INT64_MAX);
	(void)unlinkat(fd, "postern-id", 0);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		(void)unlinkat(fd, parts[i], AT_REMOVEDIR);
	close(fd);
	if (unlinkat(sweep->directory, name, AT_REMOVEDIR) == 0)
		sweep->removed++;
	return true;
}

/* Bindings that were being written: symbolic links below .id with a dot in front. */
static bool sweep_binding(void *context, const char *name)
{
	struct sweep *sweep = context;

	if (unlinkat(sweep->directory, name, 0) == 0)
		sweep->removed++;
	return true;
}

static void sweep_all(struct store *store)
{
	size_t files = folder_sweep(store->spool_fd, ".", "", INT64_MAX);
	struct sweep mailboxes = { .directory = store->spool_fd };
	struct sweep bindings = { .directory = store->id_fd };

	(void)folder_scan(store->spool_fd, ".", SCAN_FOLDERS, sweep_mailbox, &mailboxes);
	(void)folder_scan(store->id_fd, ".", SCAN_DOTTED, sweep_binding, &bindings);
	if (files + mailboxes.removed + bindings.removed > 0)
		log_info("store.recovered", LOG_NUMBER("files", files),
			 LOG_NUMBER("mailboxes", mailboxes.removed),
			 LOG_NUMBER("bindings", bindings.removed));
}

/*
 * "running" or "clean", and behind it, when there was a run that did not end in order, since when
 * nothing is suspected: a mailbox that was not used meanwhile is still to be counted anew.
 */
static int state_write(struct store *store, const char *word)
{
	char text[STATE_SIZE];
	int length = snprintf(text, sizeof text, "%s %lld.%09ld\n", word,
			      (long long)store->suspect_before.tv_sec, store->suspect_before.tv_nsec);
	int fd = openat(store->spool_fd, "state",
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result;

	if (fd < 0)
		return -1;
	result = write(fd, text, (size_t)length) == length && fsync(fd) == 0 ? 0 : -1;
	close(fd);
	return result == 0 ? fsync(store->spool_fd) : -1;
}

/* A store that is new, or was closed in order, has nothing new to suspect. */
static bool state_clean(struct store *store)
{
	char text[STATE_SIZE] = "";
	int fd = openat(store->spool_fd, "state", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	long long seconds = 0;
	ssize_t got;

	if (fd < 0)
		return errno == ENOENT;
	got = read(fd, text, sizeof text - 1);
	close(fd);
	if (got <= 0 || strncmp(text, "clean", 5) != 0 || text[got - 1] != '\n')
		return false;
	if (sscanf(text + 5, " %lld.%9ld", &seconds, &store->suspect_before.tv_nsec) == 2)
		store->suspect_before.tv_sec = (time_t)seconds;
	return true;
}

/* One that was killed holds its lock until the disk lets its last thread go: it is waited for. */
static bool is_alone(int fd)
{
	const struct timespec moment = { 0, 50 * 1000 * 1000 };

	for (unsigned tries = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
		if (tries == ALONE_TRIES)
			return false;
		nanosleep(&moment, NULL);
	}
	return true;
}

enum outcome store_recover(struct store *store, struct store_failure *failure)
{
	bool alone, clean;

	store->run_fd =
		openat(store->spool_fd, "run", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (store->run_fd < 0)
		return failure_errno(failure, errno, "cannot open %s/.spool/run", store->root);
	alone = is_alone(store->run_fd);
	clean = alone && state_clean(store);
	if (alone)
		sweep_all(store);
	else
		(void)spool_sweep(store, time(NULL) - 24 * 3600);
	if (!clean) {
		clock_gettime(CLOCK_REALTIME, &store->suspect_before);
		log_info("store.unclean", LOG_NUMBER("alone", alone));
	}
	if (alone && state_write(store, "running") != 0)
		return failure_errno(failure, errno, "cannot write %s/.spool/state", store->root);
	if (flock(store->run_fd, LOCK_SH) != 0)
		return failure_errno(failure, errno, "cannot lock %s/.spool/run", store->root);
	return OUTCOME_OK;
}

void store_mark_clean(struct store *store)
{
	if (store->run_fd < 0 || flock(store->run_fd, LOCK_EX | LOCK_NB) != 0)
		return; /* others are still at work: the last one says it */
	if (syncfs(store->root_fd) != 0 || state_write(store, "clean") != 0)
		log_warning("store.state", LOG_NUMBER("errno", errno));
}
