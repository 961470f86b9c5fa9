/* SPDX-License-Identifier: ISC */
/* What only the machine can tell: files, directories, users. */
#include "conf/conf_private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/memory.h"

#define SECRET_MAX 65536 /* octets of a password file or a keytab */

void conf_machine_tell(struct conf_machine *machine, unsigned begins, const char *key,
		       const char *format, ...)
{
	const struct conf *conf = machine->conf;
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	if (strncmp(text, "warning:", 8) != 0)
		machine->failed = true;
	machine->complain(machine->context, conf->file, conf_lines_find(conf->lines, begins, key),
			  text);
}

static char *read_all(int fd, size_t most, size_t *length)
{
	char *bytes = memory_new(most + 2);
	ssize_t got;

	*length = 0;
	do {
		got = read(fd, bytes + *length, most + 1 - *length);
		*length += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got == 0 && *length <= most)
		return bytes;
	memory_wipe(bytes, *length);
	free(bytes);
	return NULL;
}

char *conf_machine_file(struct conf_machine *machine, unsigned begins, const char *key,
			const char *path, bool secret, size_t most, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat about;
	char *bytes;

	if (fd < 0 || fstat(fd, &about) != 0) {
		conf_machine_tell(machine, begins, key, "%s \"%s\" cannot be read (%s): %s", key,
				  path, strerror(errno),
				  errno == EACCES ? "change its owner or mode, or run this as root"
						  : "make it, or correct the path");
		if (fd >= 0)
			(void)close(fd);
		return NULL;
	}
	bytes = S_ISREG(about.st_mode) ? read_all(fd, most, length) : NULL;
	(void)close(fd);
	if (!bytes)
		conf_machine_tell(machine, begins, key,
				  "%s \"%s\" is no file of at most %zu octets: correct the path",
				  key, path, most);
	if (secret && S_ISREG(about.st_mode) && (about.st_mode & (S_IROTH | S_IWOTH)))
		conf_machine_tell(machine, begins, key,
				  "%s \"%s\" is open to everybody (mode %03o): run chmod 600 %s",
				  key, path, about.st_mode & 0777U, path);
	return bytes;
}

static void check_keytab(struct conf_machine *machine, const struct conf_directory *directory)
{
	size_t length;
	char *bytes = conf_machine_file(machine, directory->line, "keytab", directory->keytab, true,
					SECRET_MAX, &length);
	const char *wrong;

	if (!bytes)
		return;
	wrong = conf_keytab_wrong(bytes, length);
	if (wrong)
		conf_machine_tell(machine, directory->line, "keytab", "keytab \"%s\" %s",
				  directory->keytab, wrong);
	memory_wipe(bytes, length);
	free(bytes);
}

static void check_password_file(struct conf_machine *machine,
				const struct conf_directory *directory)
{
	size_t length;
	char *bytes = conf_machine_file(machine, directory->line, "password_file",
					directory->password_file, true, SECRET_MAX, &length);

	if (!bytes)
		return;
	/* A simple bind with an empty password succeeds as nobody (RFC 4513 section 5.1.2). */
	if (length == 0 || bytes[0] == '\n' || bytes[0] == '\r')
		conf_machine_tell(
			machine, directory->line, "password_file",
			"password_file \"%s\" has an empty first line: write the password "
			"of bind_dn there",
			directory->password_file);
	memory_wipe(bytes, length);
	free(bytes);
}

static void check_directory(struct conf_machine *machine, const struct conf_directory *directory)
{
	size_t length;

	if (directory->bind == CONF_BIND_GSSAPI)
		check_keytab(machine, directory);
	else
		check_password_file(machine, directory);
	if (*directory->krb5_config)
		free(conf_machine_file(machine, directory->line, "krb5_config",
				       directory->krb5_config, false, SECRET_MAX, &length));
	if (*directory->tls_ca)
		conf_machine_authorities(machine, directory->line, directory->tls_ca);
}

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

/* The nearest directory on the way up that exists. The caller frees. */
static char *existing_parent(const char *path)
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

/* A directory that is there, or can be made, for our writing; false after a complaint. */
static bool check_writable(struct conf_machine *machine, unsigned begins, const char *key,
			   const char *path)
{
	char *existing = existing_parent(path);
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

/* Where the directory is or will be made: its store user has to get there. */
static void check_way(struct conf_machine *machine, unsigned begins, const char *key,
		      const char *path, const struct passwd *user)
{
	char *above = memory_text(path), *slash = strrchr(above, '/'), *existing;

	if (slash)
		slash[slash == above] = '\0';
	existing = existing_parent(slash ? above : ".");
	if (!conf_user_reaches(user, existing))
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
		check_way(machine, begins, key, path, user);
	free(name);
}

static void check_mail_directory(struct conf_machine *machine, unsigned begins, const char *key,
				 const char *path, const char *existing)
{
	if (!check_writable(machine, begins, key, path))
		return;
	check_file_system(machine, begins, key, path, existing);
	check_store_owner(machine, begins, key, path);
}

static void check_store(struct conf_machine *machine, const struct conf_store *store)
{
	char *root = existing_parent(store->root), *queue = existing_parent(store->queue);
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

static void check_log(struct conf_machine *machine, const struct conf_log *log)
{
	char *folder = memory_text(log->file), *slash = strrchr(folder, '/');
	struct stat about;

	if (log->to == CONF_LOG_FILE && slash) {
		slash[slash == folder] = '\0';
		if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))
			conf_machine_tell(
				machine, log->line, "file",
				"file \"%s\": \"%s\" is no directory: make it, or correct "
				"the path",
				log->file, folder);
		else if (stat(log->file, &about) == 0 && S_ISDIR(about.st_mode))
			conf_machine_tell(
				machine, log->line, "file",
				"file \"%s\" is a directory: write the name of a file in it",
				log->file);
	}
	free(folder);
}

static void check_users(struct conf_machine *machine)
{
	static const char *const roles[] = { "front", "dir", "store" };

	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		char *name = memory_format("%s-%s", machine->conf->user_prefix, roles[i]);

		if (!getpwnam(name))
			conf_machine_tell(
				machine, 0, "user_prefix",
				"user \"%s\" does not exist: run useradd --system "
				"--user-group --no-create-home --shell /usr/sbin/nologin %s",
				name, name);
		free(name);
	}
}

static bool offers_tls(const struct conf_listen *listens, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (listens[i].tls != CONF_TLS_NONE)
			return true;
	return false;
}

bool conf_check_machine(const struct conf *conf, conf_complain complain, void *context)
{
	struct conf_machine machine = { .conf = conf, .complain = complain, .context = context };
	const struct conf_pop3 *pop3 = &conf->pop3;

	if (geteuid() == 0)
		check_users(&machine);
	for (size_t i = 0; i < conf->directories_count; i++)
		check_directory(&machine, &conf->directories[i]);
	for (size_t i = 0; i < conf->smtps_count; i++) {
		const struct conf_smtp *smtp = &conf->smtps[i];

		if (offers_tls(smtp->listens, smtp->listens_count))
			conf_machine_certificate(&machine, smtp->line, smtp->certificate, smtp->key,
						 smtp->fqdn);
	}
	if (pop3->enabled && offers_tls(pop3->listens, pop3->listens_count))
		conf_machine_certificate(&machine, pop3->line, pop3->certificate, pop3->key,
					 pop3->fqdn);
	check_writable(&machine, 0, "run", conf->run);
	check_store(&machine, &conf->store);
	check_log(&machine, &conf->log);
	return !machine.failed;
}
