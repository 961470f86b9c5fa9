/* SPDX-License-Identifier: ISC */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_uint_least64_t names;

static int spool_named(int directory)
{
	char unique[64], name[32];
	struct stat status;
	int fd, error;

	snprintf(unique, sizeof unique, "spool.new.%u.%llu", (unsigned)getpid(),
		 (unsigned long long)atomic_fetch_add(&names, 1));
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

int spool_name(int directory, int spool)
{
	struct stat status;
	char name[32];

	if (fstat(spool, &status) != 0)
		return -1;
	snprintf(name, sizeof name, "spool.%llu", (unsigned long long)status.st_ino);
	/* ENOENT: it had a link that was taken back, and cannot have one again. */
	if (spool_link(spool, directory, name) == 0 || errno == EEXIST || errno == EMLINK ||
	    errno == ENOENT)
		return 0;
	return -1;
}

int spool_move(int from, int spool, int to, const char *name)
{
	struct stat status;
	char old[32];

	if (fstat(spool, &status) != 0)
		return -1;
	snprintf(old, sizeof old, "spool.%llu", (unsigned long long)status.st_ino);
	return renameat2(from, old, to, name, RENAME_NOREPLACE);
}

int spool_copy(int from, int to, uint64_t octets)
{
	loff_t at = 0, there = 0;
	ssize_t got = 1;

	/* The file system may share the blocks; where it cannot copy between the two, sendfile can.
	 */
	while ((uint64_t)at < octets && got > 0)
		got = copy_file_range(from, &at, to, &there, (size_t)(octets - (uint64_t)at), 0);
	if ((uint64_t)at < octets && lseek(to, at, SEEK_SET) < 0)
		return -1;
	for (got = 1; (uint64_t)at < octets && got > 0;)
		got = sendfile(to, from, &at, (size_t)(octets - (uint64_t)at));
	if (got == 0)
		errno = EIO;
	return (uint64_t)at == octets ? 0 : -1;
}
