/* SPDX-License-Identifier: ISC */
#include "accounts/mailboxes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define IDENTITIES ".id"

enum { DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC, PATH_SIZE = 4096 };

static bool tell(char why[MAILBOXES_WHY], const char *path, const char *name, const char *what)
{
	snprintf(why, MAILBOXES_WHY, "%.150s/%.64s: %.70s", path, name, what);
	return false;
}

static bool domain_safe(const char *domain)
{
	return domain[0] && domain[0] != '.' && !strchr(domain, '/');
}

static void path_of(const char *root, const char *domain, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/%s", root, domain);
}

/* -1 with errno; at most MAILBOX_FILE_MAX octets. */
static ssize_t read_all(int fd, char text[MAILBOX_FILE_MAX + 1])
{
	size_t used = 0;
	ssize_t got;

	do {
		got = read(fd, text + used, MAILBOX_FILE_MAX + 1 - used);
		used += got > 0 ? (size_t)got : 0;
	} while (got > 0 && used <= MAILBOX_FILE_MAX);
	return got < 0 ? -1 : (ssize_t)used;
}

enum mailboxes_found mailboxes_read(const char *root, const char *domain, const char *name,
				    struct mailbox_file *file, char why[MAILBOXES_WHY])
{
	char path[PATH_SIZE + MAILBOX_NAME_MAX + 1], text[MAILBOX_FILE_MAX + 1];
	const char *wrong;
	ssize_t length;
	bool good;
	int fd;

	memset(file, 0, sizeof *file);
	if (!mailbox_name_valid(span_text(name)) || !domain_safe(domain))
		return MAILBOXES_NONE;
	snprintf(path, sizeof path, "%s/%s/%s", root, domain, name);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return MAILBOXES_NONE;
	length = fd < 0 ? -1 : read_all(fd, text);
	wrong = strerror(errno);
	if (fd >= 0)
		close(fd);
	good = length >= 0 && mailbox_file_parse(span_make(text, (size_t)length), file, &wrong);
	memory_wipe(text, sizeof text);
	if (good)
		return MAILBOXES_FOUND;
	path_of(root, domain, path);
	tell(why, path, name, wrong);
	return MAILBOXES_TROUBLE;
}

/* "../<domain>/<name>" */
static bool link_read(const char *root, const char *id, char domain[256], char name[256])
{
	char path[PATH_SIZE], target[600];
	struct span rest, part;
	ssize_t length;

	snprintf(path, sizeof path, "%s/" IDENTITIES "/%s", root, id);
	length = readlink(path, target, sizeof target);
	if (length <= 3 || (size_t)length >= sizeof target) {
		errno = length < 0 ? errno : ENOENT;
		return false;
	}
	rest = span_make(target, (size_t)length);
	errno = ENOENT;
	return span_cut(&rest, '/', &part) && span_is(part, "..") && span_cut(&rest, '/', &part) &&
	       span_copy(part, domain, 256) && span_copy(rest, name, 256);
}

enum mailboxes_found mailboxes_find(const char *root, const char *id, char domain[256],
				    char name[256], struct mailbox_file *file,
				    char why[MAILBOXES_WHY])
{
	enum mailboxes_found found;

	memset(file, 0, sizeof *file);
	if (strspn(id, "0123456789abcdef") != MAILBOX_ID_SIZE - 1 || id[MAILBOX_ID_SIZE - 1])
		return MAILBOXES_NONE;
	if (!link_read(root, id, domain, name)) {
		if (errno == ENOENT)
			return MAILBOXES_NONE;
		tell(why, root, id, strerror(errno));
		return MAILBOXES_TROUBLE;
	}
	found = mailboxes_read(root, domain, name, file, why);
	if (found != MAILBOXES_FOUND || strcmp(file->id, id) == 0)
		return found;
	mailbox_file_wipe(file);
	return MAILBOXES_NONE;
}

/* mkdir with all parents; the mode lets roles pass, not look. */
static bool make_directories(const char *path)
{
	char part[PATH_SIZE];

	if (!span_copy(span_text(path), part, sizeof part)) {
		errno = ENAMETOOLONG;
		return false;
	}
	for (char *slash = part + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return mkdir(part, 0711) == 0 || errno == EEXIST;
}

int mailboxes_open(const char *root, char why[MAILBOXES_WHY])
{
	int fd = make_directories(root) ? open(root, DIRECTORY_FLAGS) : -1;

	if (fd < 0)
		tell(why, root, "", strerror(errno));
	return fd;
}

int mailboxes_lock(const char *root, char why[MAILBOXES_WHY])
{
	int fd = mailboxes_open(root, why);

	if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
		tell(why, root, "", strerror(errno));
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Makes the identity lead to the file, whatever it led to before. */
static bool link_write(const char *root, const char *domain, const char *name, const char *id)
{
	char path[PATH_SIZE], target[600];
	int directory;
	bool good;

	snprintf(path, sizeof path, "%s/" IDENTITIES, root);
	snprintf(target, sizeof target, "../%.255s/%.64s", domain, name);
	directory = make_directories(path) ? open(path, DIRECTORY_FLAGS | O_NOFOLLOW) : -1;
	if (directory < 0)
		return false;
	(void)unlinkat(directory, ".new", 0);
	good = symlinkat(target, directory, ".new") == 0 &&
	       renameat(directory, ".new", directory, id) == 0 && fsync(directory) == 0;
	close(directory);
	return good;
}

static bool put(int directory, const char *temporary, const char *text, size_t length, uid_t owner)
{
	int fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			0600);
	bool good = fd >= 0 && write(fd, text, length) == (ssize_t)length &&
		    (geteuid() != 0 || fchown(fd, owner, (gid_t)-1) == 0) && fsync(fd) == 0;
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return good;
}

bool mailboxes_write(const char *root, const char *domain, const char *name,
		     const struct mailbox_file *file, uid_t owner, char why[MAILBOXES_WHY])
{
	char path[PATH_SIZE], text[MAILBOX_FILE_MAX];
	size_t length = mailbox_file_print(file, text, sizeof text);
	int directory = -1;
	bool good = false;

	errno = EINVAL;
	path_of(root, domain, path);
	if (length > 0 && domain_safe(domain) && mailbox_name_valid(span_text(name)) &&
	    make_directories(path) && (!file->id[0] || link_write(root, domain, name, file->id)))
		directory = open(path, DIRECTORY_FLAGS | O_NOFOLLOW);
	/* Names do not begin with a dot, so this one is nobody's; the lock makes it ours. */
	if (directory >= 0)
		good = put(directory, ".new", text, length, owner) &&
		       renameat(directory, ".new", directory, name) == 0 && fsync(directory) == 0;
	if (!good)
		tell(why, path, name, strerror(errno));
	memory_wipe(text, sizeof text);
	if (directory >= 0)
		close(directory);
	return good;
}

bool mailboxes_remove(const char *root, const char *domain, const char *name,
		      char why[MAILBOXES_WHY])
{
	char path[PATH_SIZE], link[PATH_SIZE];
	struct mailbox_file file;
	int directory;
	bool good;

	if (mailboxes_read(root, domain, name, &file, why) == MAILBOXES_FOUND && file.id[0]) {
		snprintf(link, sizeof link, "%s/" IDENTITIES "/%s", root, file.id);
		(void)unlink(link); /* left behind, it would lead nowhere */
	}
	mailbox_file_wipe(&file);
	path_of(root, domain, path);
	directory = open(path, DIRECTORY_FLAGS | O_NOFOLLOW);
	good = directory >= 0 && unlinkat(directory, name, 0) == 0 && fsync(directory) == 0;
	if (!good)
		tell(why, path, name, strerror(errno));
	if (directory >= 0)
		close(directory);
	return good;
}

bool mailboxes_each(const char *root, const char *domain,
		    bool (*each)(void *context, const char *name), void *context,
		    char why[MAILBOXES_WHY])
{
	char path[PATH_SIZE];
	struct dirent *entry;
	DIR *list;

	path_of(root, domain, path);
	list = opendir(path);
	if (!list)
		return errno == ENOENT || tell(why, path, "", strerror(errno));
	while ((entry = readdir(list)))
		if (mailbox_name_valid(span_text(entry->d_name)) && !each(context, entry->d_name))
			break;
	closedir(list);
	return true;
}
