/* SPDX-License-Identifier: ISC */
/* The directories that will hold mail: whether they can be made, reached and trusted. */
#include "conf/conf_private.h"

#include <errno.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/memory.h"

static void check_file_system(struct conf_machine *machine, unsigned begins, const char *key,
			      const char *path, const char *existing)
{
	struct statfs system;

	if (statfs(existing, &system) != 0)
		return;
	switch ((unsigned)system.f_type) {
	case MSDOS_SUPER_MAGIC:
	case 0x2011bab0: /* exFAT */
		conf_machine_tell(machine, begins, key,
				  "%s \"%s\" lies on a FAT file system, which has no hard links: "
				  "choose a directory on ext4, XFS or Btrfs",
				  key, path);
		break;
	case NFS_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case 0xff534d42: /* CIFS */
	case 0xfe534d42: /* SMB 2 and later */
	case 0x65735546: /* FUSE */
		conf_machine_tell(machine, begins, key,
				  "warning: %s \"%s\" lies on a network or user-space file system, "
				  "where durability is not sure: choose a local directory",
				  key, path);
		break;
	case TMPFS_MAGIC:
		conf_machine_tell(
			machine, begins, key,
			"warning: %s \"%s\" lies in memory and is lost at power off: choose "
			"a directory on a disk",
			key, path);
		break;
	default:
		break;
	}
}

char *conf_machine_existing(const char *path)
{
	char *parent = memory_text(path), *slash;
	struct stat about;

	while (stat(parent, &about) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
		slash = strrchr(parent, '/');
		if (!slash || slash == parent) {
			parent[slash ? 1 : 0] = '\0';
			break;
		}
		*slash = '\0';
	}
	return parent;
}

bool conf_machine_writable(struct conf_machine *machine, unsigned begins, const char *key,
			   const char *path)
{
	char *existing = conf_machine_existing(path);
	struct stat about;
	bool usable = stat(existing, &about) == 0 && S_ISDIR(about.st_mode);

	if (!usable)
		conf_machine_tell(machine, begins, key,
				  "%s \"%s\": \"%s\" is no directory: correct the path", key, path,
				  existing);
	else if (access(existing, W_OK | X_OK) != 0)
		conf_machine_tell(
			machine, begins, key,
			"%s \"%s\": directory \"%s\" may not be written to (%s): change its "
			"owner or mode",
			key, path, existing, strerror(errno));
	free(existing);
	return usable;
}

void conf_machine_way(struct conf_machine *machine, unsigned begins, const char *key,
		      const char *path, const struct passwd *user)
{
	char *above = memory_text(path), *slash = strrchr(above, '/'), *existing;

	if (slash)
		slash[slash == above] = '\0';
	existing = conf_machine_existing(slash ? above : ".");
	if (!conf_user_may(user, existing, X_OK))
		conf_machine_tell(machine, begins, key,
				  "%s \"%s\" cannot be reached by user %s: run chmod o+x on \"%s\" "
				  "and the directories above it, or choose another directory",
				  key, path, user->pw_name, existing);
	free(existing);
	free(above);
}

/* Started as root, the store is another user, who has to come in and write. */
static void check_store_owner(struct conf_machine *machine, unsigned begins, const char *key,
			      const char *path)
{
	char *name = memory_format("%s-store", machine->conf->user_prefix);
	const struct passwd *user = geteuid() == 0 ? getpwnam(name) : NULL;
	struct stat about;
	mode_t needed = S_IWOTH | S_IXOTH;

	if (user && stat(path, &about) == 0) {
		if (about.st_uid == user->pw_uid)
			needed = S_IWUSR | S_IXUSR;
		else if (about.st_gid == user->pw_gid)
			needed = S_IWGRP | S_IXGRP;
		if ((about.st_mode & needed) != needed)
			conf_machine_tell(
				machine, begins, key,
				"%s \"%s\" may not be written to by user %s: run chown %s "
				"%s",
				key, path, name, name, path);
	}
	if (user)
		conf_machine_way(machine, begins, key, path, user);
	free(name);
}

static void check_mail_directory(struct conf_machine *machine, unsigned begins, const char *key,
				 const char *path, const char *existing)
{
	if (!conf_machine_writable(machine, begins, key, path))
		return;
	check_file_system(machine, begins, key, path, existing);
	check_store_owner(machine, begins, key, path);
}

void conf_machine_store(struct conf_machine *machine, const struct conf_store *store)
{
	char *root = conf_machine_existing(store->root), *queue = conf_machine_existing(store->queue);
	struct stat a, b;

	check_mail_directory(machine, store->line, "root", store->root, root);
	check_mail_directory(machine, store->line, "queue", store->queue, queue);
	if (stat(root, &a) == 0 && stat(queue, &b) == 0 && a.st_dev != b.st_dev)
		conf_machine_tell(machine, store->line, "queue",
				  "warning: queue \"%s\" and root \"%s\" lie on different file "
				  "systems, so that messages are copied instead of linked: choose "
				  "one file system",
				  store->queue, store->root);
	free(root);
	free(queue);
}
