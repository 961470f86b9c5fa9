/* SPDX-License-Identifier: ISC */
/* Whether a file system keeps a journal: links_need_inode. */
#include "base/spool.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/span.h"

/* The last component of where the device's entry in /sys leads: "sda1", "dm-0". */
static bool device_name(dev_t device, char *name, size_t size)
{
	char path[64], target[512];
	const char *slash;
	ssize_t length;

	snprintf(path, sizeof path, "/sys/dev/block/%u:%u", major(device), minor(device));
	length = readlink(path, target, sizeof target - 1);
	if (length <= 0)
		return false;
	target[length] = '\0';
	slash = strrchr(target, '/');
	return slash != NULL && span_copy(span_text(slash + 1), name, size);
}

/* ext4 tells which process writes the journal. */
static bool journal_there(dev_t device)
{
	char name[64], path[128], task[16] = "";
	ssize_t length = -1;
	int fd;

	if (!device_name(device, name, sizeof name))
		return false;
	snprintf(path, sizeof path, "/sys/fs/ext4/%s/journal_task", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		length = read(fd, task, sizeof task - 1);
		close(fd);
	}
	return length > 0 && task[0] >= '0' && task[0] <= '9';
}

bool links_need_inode(int directory)
{
	struct statfs system;
	struct stat status;

	return fstatfs(directory, &system) == 0 && system.f_type == EXT4_SUPER_MAGIC &&
	       fstat(directory, &status) == 0 && !journal_there(status.st_dev);
}
