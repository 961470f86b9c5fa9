/* SPDX-License-Identifier: ISC */
/*
 * Reading directories: a big buffer, no stat, names only. And from the names, what
 * a mailbox with all its Maildir++ folders holds.
 */
#include "store/store_private.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCAN_BUFFER (32 * 1024)

static bool entry_wanted(const struct dirent64 *entry, enum scan_kind kind)
{
	bool dotted = entry->d_name[0] == '.';
	bool folder = entry->d_type == DT_DIR;

	switch (kind) {
	case SCAN_MESSAGES:
		return !dotted && !folder;
	case SCAN_FOLDERS:
		return !dotted && (folder || entry->d_type == DT_UNKNOWN);
	case SCAN_DOTTED:
		return dotted && strcmp(entry->d_name, ".") != 0 &&
		       strcmp(entry->d_name, "..") != 0;
	}
	return false;
}

/* 1: there may be more, 0: the end, -1: errno. */
static int scan_some(int fd, char *buffer, enum scan_kind kind,
		     bool (*each)(void *context, const char *name), void *context)
{
	ssize_t got = getdents64(fd, buffer, SCAN_BUFFER);

	for (ssize_t at = 0; at < got;) {
		struct dirent64 *entry = (struct dirent64 *)(buffer + at);

		at += entry->d_reclen;
		if (entry_wanted(entry, kind) && !each(context, entry->d_name))
			return 0;
	}
	return got > 0 ? 1 : (int)got;
}

bool folder_scan(int directory, const char *folder, enum scan_kind kind,
		 bool (*each)(void *context, const char *name), void *context)
{
	int fd = openat(directory, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char *buffer;
	int more, error;

	if (fd < 0)
		return errno == ENOENT; /* no such folder: nothing in it */
	buffer = memory_grow(NULL, SCAN_BUFFER, 1);
	while ((more = scan_some(fd, buffer, kind, each, context)) > 0)
		;
	error = errno;
	free(buffer);
	close(fd);
	errno = error;
	return more == 0;
}

struct counting {
	int directory; /* of the folder being read, for names without ,S= */
	struct store_usage *usage;
	bool failed;
};

static bool count_message(void *context, const char *name)
{
	struct counting *counting = context;
	struct maildir_name parsed;
	struct stat status;

	if (!maildir_name_parse(span_text(name), &parsed))
		return true;
	if (!parsed.has_octets) {
		if (fstatat(counting->directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
			return true; /* gone meanwhile */
		parsed.octets = (uint64_t)status.st_size;
	}
	counting->usage->octets += parsed.octets;
	counting->usage->messages++;
	return true;
}

static bool count_part(int directory, const char *part, struct store_usage *usage)
{
	struct counting counting = { -1, usage, false };
	bool done;

	counting.directory = openat(directory, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (counting.directory < 0)
		return errno == ENOENT;
	done = folder_scan(counting.directory, ".", SCAN_MESSAGES, count_message, &counting);
	close(counting.directory);
	return done;
}

static bool count_folder(void *context, const char *name)
{
	struct counting *counting = context;
	int fd = openat(counting->directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return true;
	if (!count_part(fd, "new", counting->usage) || !count_part(fd, "cur", counting->usage))
		counting->failed = true;
	close(fd);
	return !counting->failed;
}

int mailbox_count(int directory, struct store_usage *usage)
{
	struct counting counting = { directory, usage, false };

	memset(usage, 0, sizeof *usage);
	if (!count_part(directory, "new", usage) || !count_part(directory, "cur", usage))
		return -1;
	if (!folder_scan(directory, ".", SCAN_DOTTED, count_folder, &counting) || counting.failed)
		return -1;
	return 0;
}
