/* SPDX-License-Identifier: ISC */
#include "daemon/parents.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

bool parents_sync(const char *path)
{
	char *above = memory_text(path), *slash = strrchr(above, '/');
	int fd, error;
	bool synced;

	if (slash)
		slash[slash == above] = '\0';
	fd = open(slash ? above : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(above);
	if (fd < 0)
		return false;
	synced = fsync(fd) == 0;
	error = errno;
	close(fd);
	errno = error;
	return synced;
}

/* The mode by chmod too: others have to pass, whatever our umask. */
static bool one_make(const char *path)
{
	if (mkdir(path, 0755) < 0)
		return errno == EEXIST;
	return chmod(path, 0755) == 0 && parents_sync(path);
}

bool parents_make(const char *path)
{
	char *copy = memory_text(path);
	bool made = true;

	for (char *slash = copy; made && *slash && (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		made = one_make(copy);
		*slash = '/';
	}
	free(copy);
	return made;
}
