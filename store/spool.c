/* SPDX-License-Identifier: ISC */
/*
 * Spool files: nameless where the file system can (O_TMPFILE), so that nothing is
 * left after a crash; otherwise named <root>/.spool/spool.<inode>, a name that a
 * descriptor alone is enough to find again.
 */
#include "store/store_private.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SWEEP_EVERY_MS (3600 * 1000)
#define SWEEP_AGE      (24 * 3600)

static int spool_named(int directory)
{
	char unique[MAILDIR_UID_SIZE], name[32];
	struct stat status;
	int fd, error;

	maildir_name_unique("spool", unique);
	fd = openat(directory, unique, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0) {
		snprintf(name, sizeof name, "spool.%llu", (unsigned long long)status.st_ino);
		if (renameat(directory, unique, directory, name) == 0)
			return fd;
	}
	error = errno;
	(void)unlinkat(directory, unique, 0);
	close(fd);
	errno = error;
	return -1;
}

int spool_new_in(int directory, bool named)
{
	int fd;

	if (named)
		return spool_named(directory);
	fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* EISDIR: a kernel or file system that does not know the flag. */
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		return spool_named(directory);
	return fd;
}

/* With names, a sender that goes away leaves a file; a day later nobody can want it. */
static void sweep_now_and_then(struct store *store)
{
	long long next = atomic_load(&store->next_sweep);
	int64_t now = clock_ms();

	if (now >= next &&
	    atomic_compare_exchange_strong(&store->next_sweep, &next, now + SWEEP_EVERY_MS))
		(void)spool_sweep(store, clock_unix() - SWEEP_AGE);
}

int spool_new(struct store *store)
{
	if (atomic_load(&store->named_spool)) {
		sweep_now_and_then(store);
		return spool_named(store->spool_fd);
	}
	return spread_file(&store->spread, store->spool_fd);
}

void spool_forget(int directory, int spool)
{
	struct stat status, named;
	char name[32];

	if (fstat(spool, &status) != 0)
		return;
	snprintf(name, sizeof name, "spool.%llu", (unsigned long long)status.st_ino);
	if (fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_ino == status.st_ino && named.st_dev == status.st_dev)
		(void)unlinkat(directory, name, 0);
}

int spool_link(int spool, int directory, const char *name)
{
	char path[40];

	/* AT_EMPTY_PATH would need CAP_DAC_READ_SEARCH. */
	snprintf(path, sizeof path, "/proc/self/fd/%d", spool);
	return linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW);
}

/* So that the count of links that gets durable with the data is not 0. */
static int name_give(int directory, int spool)
{
	struct stat status;
	char name[32];

	if (fstat(spool, &status) != 0)
		return -1;
	snprintf(name, sizeof name, "spool.%llu", (unsigned long long)status.st_ino);
	/* ENOENT: it had a link that was taken back, and cannot have one again: source_link copies
	 * it. */
	if (spool_link(spool, directory, name) == 0 || errno == EEXIST || errno == EMLINK ||
	    errno == ENOENT)
		return 0;
	return -1;
}

int spool_durable(struct store *store, int spool)
{
	if (atomic_load(&store->name_first) && name_give(store->spool_fd, spool) != 0)
		return -1;
	return fdatasync(spool);
}

int store_spool(struct store *store, struct store_failure *failure)
{
	int fd;

	failure_clear(failure);
	fd = spool_new(store);
	if (fd < 0)
		failure_errno(failure, errno, "cannot make a spool file below %s", store->root);
	return fd;
}

int store_spool_ahead(struct store *store)
{
	return atomic_load(&store->named_spool) ? -1 : spool_new(store);
}
