/* SPDX-License-Identifier: ISC */
/*
 * How many messages have arrived: those in the Maildirs below a directory, where only names
 * are read, or what a sink has counted in its file.
 */
#include "tests/bench/load.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH 4 /* root, domain, mailbox, new */

static uint64_t count_below(int parent, const char *name, unsigned depth)
{
	bool messages = strcmp(name, "new") == 0 || strcmp(name, "cur") == 0;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t count = 0;

	if (!directory)
		return 0;
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (entry->d_type == DT_DIR && depth < DEPTH)
			count += count_below(fd, entry->d_name, depth + 1);
		else if (messages && entry->d_type == DT_REG)
			count++;
	}
	closedir(directory);
	return count;
}

static bool count_in_file(const char *file, uint64_t *count)
{
	struct stat status;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	bool counted = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		       read(fd, count, sizeof(*count)) == sizeof(*count);

	if (fd >= 0)
		close(fd);
	return counted;
}

uint64_t load_count_delivered(const char *root)
{
	uint64_t count;

	if (count_in_file(root, &count))
		return count;
	return count_below(AT_FDCWD, root, 1);
}
