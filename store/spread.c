/* SPDX-License-Identifier: ISC */
/*
 * Where nameless spool files come from. ext4 takes the inode of a new file from the block group
 * of its directory. Without a journal it does not use one again for minutes after its file was
 * deleted, and looks at each of those first: where thousands of messages were deleted, that is
 * most of the cost of the next one. The directories below .spool/spread lie in block groups far
 * from each other; one is used until it is slow, then the next. No name is ever made in them.
 */
#include "store/store_private.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ext4 takes some ten microseconds for a file, and as much for every 150 inodes that it looks at.
 */
#define SLOW_NS 40000

static const int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/* "The directories in it are not related": ext4 then puts each where there is most room. */
static void children_spread(int directory)
{
	int flags = 0;

	if (ioctl(directory, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_TOPDIR_FL) == 0) {
		flags |= FS_TOPDIR_FL;
		(void)ioctl(directory, FS_IOC_SETFLAGS, &flags);
	}
}

static int directory_at(int parent, const char *name)
{
	(void)mkdirat(parent, name, 0700);
	return openat(parent, name, directory_flags);
}

void spread_open(struct spread *spread, int spool)
{
	int parent = directory_at(spool, "spread");
	char name[8];

	spread->slow_ns = SLOW_NS;
	for (spread->count = 0; parent >= 0 && spread->count < SPREAD_MAX; spread->count++) {
		int *directory = &spread->directories[spread->count];

		if (spread->count == 0)
			children_spread(parent);
		snprintf(name, sizeof name, "%02u", (unsigned)spread->count % 100);
		*directory = directory_at(parent, name);
		if (*directory < 0)
			break;
	}
	if (parent >= 0)
		close(parent);
}

void spread_close(struct spread *spread)
{
	while (spread->count > 0)
		close(spread->directories[--spread->count]);
}

/* Of this thread: what others do meanwhile, and waiting, say nothing about the directory. */
static int64_t used_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int spread_file(struct spread *spread, int spool)
{
	unsigned turn = atomic_load(&spread->turn);
	int64_t begun = used_ns();
	int fd;

	if (spread->count > 0)
		spool = spread->directories[turn % spread->count];
	fd = openat(spool, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (used_ns() - begun > spread->slow_ns)
		(void)atomic_compare_exchange_strong(&spread->turn, &turn, turn + 1);
	return fd;
}
