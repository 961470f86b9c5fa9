/* SPDX-License-Identifier: ISC */
#include "store/eml_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "store/store_private.h"

#define MODE 0640 /* who empties the directory is in its group */

struct eml_file {
	char *path; /* of the directory */
	int directory, fd;
};

static atomic_uint names;

static bool copy_behind(int from, int to, uint64_t size)
{
	off_t at = 0;
	ssize_t got = 1;

	while ((uint64_t)at < size && got > 0)
		got = sendfile(to, from, &at, (size_t)(size - (uint64_t)at));
	if (got == 0)
		errno = EIO;
	return (uint64_t)at == size;
}

static bool fill(int fd, struct span head, int message, uint64_t size)
{
	return write(fd, head.at, head.length) == (ssize_t)head.length &&
	       copy_behind(message, fd, size) && fchmod(fd, MODE) == 0 && fdatasync(fd) == 0;
}

struct eml_file *eml_file_write(const char *directory, struct span head, int message, uint64_t size,
				struct store_failure *failure)
{
	struct eml_file *file = memory_new(sizeof *file);
	int error;

	file->path = memory_text(directory);
	file->fd = -1;
	file->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->directory >= 0)
		file->fd = spool_new_in(file->directory, false);
	if (file->fd >= 0 && fill(file->fd, head, message, size))
		return file;
	error = errno;
	(void)failure_errno(failure, error, "cannot write into the drop %s", directory);
	eml_file_free(file);
	return NULL;
}

enum outcome eml_file_commit(struct eml_file *file, struct store_failure *failure)
{
	char name[64];
	bool good;

	do {
		snprintf(name, sizeof name, "%llx.%x.%x.eml", (unsigned long long)clock_unix(),
			 (unsigned)getpid(), atomic_fetch_add(&names, 1));
		good = spool_link(file->fd, file->directory, name) == 0;
	} while (!good && errno == EEXIST);
	if (good && fsync(file->directory) == 0)
		return OUTCOME_OK;
	return failure_errno(failure, errno, "cannot put a file into the drop %s", file->path);
}

void eml_file_free(struct eml_file *file)
{
	if (file == NULL)
		return;
	if (file->fd >= 0) {
		spool_forget(file->directory, file->fd);
		close(file->fd);
	}
	if (file->directory >= 0)
		close(file->directory);
	free(file->path);
	free(file);
}
