/* SPDX-License-Identifier: ISC */
#include "queue/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

/*
 * File systems give names in the order of hashes. Files that were made one after the other have
 * inodes side by side: in that order a disk is read from one end to the other.
 */
enum { BATCH = 8192 };

struct batch {
	size_t count;
	struct name {
		ino_t inode;
		char *text;
	} names[BATCH];
};

static int by_inode(const void *a, const void *b)
{
	ino_t first = ((const struct name *)a)->inode, second = ((const struct name *)b)->inode;

	return first < second ? -1 : first > second;
}

/* False with errno; at the end of the directory the batch is not full. */
static bool batch_fill(DIR *stream, struct batch *batch)
{
	const struct dirent *entry;

	errno = 0;
	while (batch->count < BATCH && (entry = readdir(stream)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			batch->names[batch->count++] =
				(struct name){ entry->d_ino, memory_text(entry->d_name) };
	if (errno != 0)
		return false;
	qsort(batch->names, batch->count, sizeof batch->names[0], by_inode);
	return true;
}

static bool batch_visit(struct batch *batch, bool (*each)(void *context, const char *name),
			void *context)
{
	bool more = true;

	for (size_t i = 0; i < batch->count; i++) {
		more = more && each(context, batch->names[i].text);
		free(batch->names[i].text);
	}
	batch->count = 0;
	return more;
}

static bool scan(DIR *stream, bool (*each)(void *context, const char *name), void *context)
{
	struct batch *batch = memory_new(sizeof *batch);
	bool good, full;
	int error;

	do {
		good = batch_fill(stream, batch);
		error = errno;
		full = batch->count == BATCH;
	} while (batch_visit(batch, each, context) && good && full);
	free(batch);
	errno = error;
	return good;
}

bool directory_scan(int directory, bool (*each)(void *context, const char *name), void *context)
{
	int fd =
		openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* a place of its own */
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	bool good;
	int error;

	if (stream == NULL) {
		error = errno;
		if (fd >= 0)
			close(fd);
		errno = error;
		return false;
	}
	good = scan(stream, each, context);
	error = errno;
	closedir(stream);
	errno = error;
	return good;
}
