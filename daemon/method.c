/* SPDX-License-Identifier: ISC */
#include "daemon/method.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accounts/mailboxes.h"

enum { METHOD_SIZE = 32, PATH_SIZE = 4096 };

static const char state_file[] = ".method";

/* 1: there is an entry that is wanted; 0: there is none, or no such directory; -1 with errno. */
static int any_entry(const char *path, bool (*wanted)(const char *path, const char *name))
{
	DIR *list = opendir(path);
	struct dirent *entry;
	int found = 0;

	if (!list)
		return errno == ENOENT ? 0 : -1;
	while (!found && (entry = readdir(list)))
		found = entry->d_name[0] != '.' && wanted(path, entry->d_name);
	closedir(list);
	return found;
}

static bool any_name(const char *path, const char *name)
{
	(void)path;
	(void)name;
	return true;
}

/* A domain: a directory with something in it. */
static bool has_entries(const char *path, const char *name)
{
	char below[PATH_SIZE];

	snprintf(below, sizeof below, "%s/%s", path, name);
	return any_entry(below, any_name) == 1;
}

/* As METHOD_SIZE text, "" when none is remembered; false with errno. */
static bool read_state(int directory, char method[METHOD_SIZE])
{
	int fd = openat(directory, state_file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t length;

	method[0] = '\0';
	if (fd < 0)
		return errno == ENOENT;
	length = read(fd, method, METHOD_SIZE - 1);
	close(fd);
	method[length > 0 ? length : 0] = '\0';
	method[strcspn(method, "\n")] = '\0';
	return length >= 0;
}

static int open_state(const struct conf *conf)
{
	return open(conf->mailboxes, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool tell(const struct conf *conf, conf_complain complain, void *context, const char *text)
{
	complain(context, conf->file, conf_line(conf, "method"), text);
	return false;
}

static bool tell_changed(const struct conf *conf, const char *made, conf_complain complain,
			 void *context)
{
	char text[PATH_SIZE + 400];

	snprintf(text, sizeof text,
		 "method is \"%s\", but the mailboxes below %s were made with method \"%s\": write "
		 "method = "
		 "\"%s\"; or remove them all first (postern mailbox list, postern mailbox delete), "
		 "with their mail",
		 conf_method_name(conf->method), conf->store.root, made, made);
	return tell(conf, complain, context, text);
}

bool method_check(const struct conf *conf, conf_complain complain, void *context)
{
	char made[METHOD_SIZE] = "", text[PATH_SIZE + 200];
	int directory = open_state(conf), exist;
	bool known = directory >= 0 ? read_state(directory, made) : errno == ENOENT;

	if (directory >= 0)
		close(directory);
	exist = known ? any_entry(conf->store.root, has_entries) : -1;
	if (exist == 0)
		exist = any_entry(conf->mailboxes, has_entries);
	if (exist < 0) {
		snprintf(text, sizeof text,
			 "warning: whether the mailboxes below %s fit to method = \"%s\" cannot be "
			 "seen: %s",
			 conf->store.root, conf_method_name(conf->method), strerror(errno));
		(void)tell(conf, complain, context, text);
		return true;
	}
	/* Before methods were remembered there was but one. */
	if (made[0] == '\0')
		snprintf(made, sizeof made, "%s", conf_method_name(CONF_METHOD_DIRECTORY));
	if (exist == 0 || strcmp(made, conf_method_name(conf->method)) == 0)
		return true;
	return tell_changed(conf, made, complain, context);
}

static bool write_state(int directory, const char *method)
{
	static const char temporary[] = ".method.new";
	int fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			0644);
	bool good = fd >= 0 && dprintf(fd, "%s\n", method) > 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return good && renameat(directory, temporary, directory, state_file) == 0 &&
	       fsync(directory) == 0;
}

bool method_remember(const struct conf *conf, char *why, size_t size)
{
	char made[METHOD_SIZE], reason[MAILBOXES_WHY];
	int directory = mailboxes_open(conf->mailboxes, reason);
	bool good = directory >= 0 && read_state(directory, made) &&
		    (strcmp(made, conf_method_name(conf->method)) == 0 ||
		     write_state(directory, conf_method_name(conf->method)));

	if (!good)
		snprintf(why, size, "%s/%s: %s", conf->mailboxes, state_file,
			 directory < 0 ? reason : strerror(errno));
	if (directory >= 0)
		close(directory);
	return good;
}
