/* SPDX-License-Identifier: ISC */
#include "queue/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool directory_scan(int directory, bool (*each)(void *context, const char *name), void *context)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* a place of its own */
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool more = true;
	int error;

	if (stream == NULL) {
		error = errno;
		if (fd >= 0)
			close(fd);
		errno = error;
		return false;
	}
	errno = 0;
	while (more && (entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			more = each(context, entry->d_name);
		errno = 0;
	}
	error = errno;
	closedir(stream);
	errno = error;
	return error == 0;
}
