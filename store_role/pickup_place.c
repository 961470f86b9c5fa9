/* SPDX-License-Identifier: ISC */
#include "store_role/pickup_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

enum {
	SEEN_MAX = 100000,
	LOOK_MS = 300,        /* at least between two looks */
	COMPLAIN_MS = 3600000 /* between two lines about the same directory */
};

#define EVENTS_SIZE 16384

struct seen { /* a file that was there at the last look */
	off_t size;
	struct timespec changed;
	int64_t since; /* clock_ms: as it is now */
	bool closed;   /* the kernel said that it is whole */
	bool told;     /* the log says why it is left alone */
};

struct pickup_place *pickup_place_new(const char *server, const char *path)
{
	struct pickup_place *place = memory_new(sizeof *place);

	(void)span_copy(span_text(server), place->server, sizeof place->server);
	place->path = memory_text(path);
	place->directory = place->claimed = place->notices = -1;
	place->seen = table_new(SEEN_MAX, free);
	return place;
}

static void close_all(struct pickup_place *place)
{
	int *const all[] = { &place->directory, &place->claimed, &place->notices };

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (*all[i] >= 0)
			close(*all[i]);
		*all[i] = -1;
	}
}

void pickup_place_free(struct pickup_place *place)
{
	close_all(place);
	table_free(place->seen);
	while (place->ready_count > 0)
		free(place->ready[--place->ready_count]);
	free(place->path);
	free(place);
}

/* ---- opening ---- */

/* Ours alone: whoever may write into it could put files there that were never claimed. */
static bool open_claimed(struct pickup_place *place)
{
	struct stat status;

	if (mkdirat(place->directory, ".postern", 0700) != 0 && errno != EEXIST)
		return false;
	place->claimed = openat(place->directory, ".postern",
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place->claimed < 0 || fstat(place->claimed, &status) != 0)
		return false;
	if (status.st_uid == geteuid() && (status.st_mode & 022) == 0)
		return true;
	errno = EPERM;
	return false;
}

static void watch(struct pickup_place *place)
{
	place->notices = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (place->notices >= 0 && inotify_add_watch(place->notices, place->path,
						     IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE |
							     IN_MODIFY | IN_ONLYDIR) < 0) {
		close(place->notices);
		place->notices = -1;
	}
}

bool pickup_place_open(struct pickup_place *place, int64_t now)
{
	if (place->claimed >= 0)
		return true;
	if (place->looked != 0 && now - place->looked < PICKUP_SCAN_MS)
		return false;
	place->directory = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->directory >= 0 && open_claimed(place)) {
		watch(place);
		place->looked = 0;
		return true;
	}
	if (place->looked == 0 || now / COMPLAIN_MS != place->looked / COMPLAIN_MS)
		log_error("pickup.failed", LOG_TEXT("directory", place->path),
			  LOG_TEXT("why", strerror(errno)),
			  LOG_TEXT("do",
				   "the store's user must be able to read and write there, and "
				   "own .postern in it"));
	close_all(place);
	place->looked = now;
	return false;
}

/* ---- what the kernel tells ---- */

static struct seen *seen_of(struct pickup_place *place, const char *name, int64_t now)
{
	struct seen *seen = table_find(place->seen, span_text(name), 0);

	if (seen == NULL) {
		seen = memory_new(sizeof *seen);
		seen->size = -1;
		seen->since = now;
		table_put(place->seen, span_text(name), seen, INT64_MAX);
	}
	return seen;
}

static void hear(struct pickup_place *place, const struct inotify_event *event, int64_t now)
{
	place->stirred = true;
	if (event->len == 0)
		return;
	if (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO))
		seen_of(place, event->name, now)->closed = true;
	else if (event->mask & IN_MODIFY)
		seen_of(place, event->name, now)->closed = false;
}

static void listen_on(struct pickup_place *place, int64_t now)
{
	_Alignas(struct inotify_event) char memory[EVENTS_SIZE];
	const struct inotify_event *event;
	ssize_t length;

	if (place->notices < 0)
		return;
	while ((length = read(place->notices, memory, sizeof memory)) > 0) {
		for (const char *at = memory; at < memory + length;
		     at += sizeof *event + event->len) {
			event = (const struct inotify_event *)(const void *)at;
			hear(place, event, now);
		}
	}
}

/* ---- looking ---- */

static bool is_taken(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && name[length - 1] != '~' &&
	       (length < 4 || strcmp(name + length - 4, ".tmp") != 0);
}

/* Says in the log, once for a file as it is, why it is left alone. */
static void ignore(struct pickup_place *place, const char *name, const char *why)
{
	struct seen *seen = seen_of(place, name, 0);

	if (!seen->told)
		log_warning("pickup.ignored", LOG_TEXT("directory", place->path),
			    LOG_TEXT("file", name), LOG_TEXT("why", why));
	seen->told = true;
}

static bool is_whole(struct pickup_place *place, const char *name, const struct stat *status,
		     int64_t now)
{
	struct seen *seen = seen_of(place, name, now);

	if (seen->size != status->st_size || seen->changed.tv_sec != status->st_ctim.tv_sec ||
	    seen->changed.tv_nsec != status->st_ctim.tv_nsec) {
		seen->size = status->st_size;
		seen->changed = status->st_ctim;
		seen->since = now;
		seen->told = false;
	}
	return seen->closed || now - seen->since >= PICKUP_REST_MS;
}

static void look_at(struct pickup_place *place, const char *name, int64_t now)
{
	struct stat status;

	if (!is_taken(name) || fstatat(place->directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
	    S_ISDIR(status.st_mode))
		return;
	if (!S_ISREG(status.st_mode))
		ignore(place, name,
		       S_ISLNK(status.st_mode) ? "it is a symbolic link, which is not followed"
					       : "it is no regular file");
	else if (!is_whole(place, name, &status, now) || status.st_nlink > 1)
		place->resting++;
	else if (seen_of(place, name, now)->told)
		return; /* until it changes */
	else if (place->ready_count < PICKUP_READY_MAX)
		place->ready[place->ready_count++] = memory_text(name);
	else
		place->stirred = true; /* the next look */
}

/* Another directory may have come into its place, a mounted share for one. */
static bool is_there(const struct pickup_place *place)
{
	struct stat here, there;

	return fstat(place->directory, &here) == 0 && stat(place->path, &there) == 0 &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

static void look(struct pickup_place *place, int64_t now)
{
	int fd = openat(place->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	place->looked = now;
	place->stirred = false;
	place->resting = 0;
	if (directory == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (place->ready_count < PICKUP_READY_MAX && (entry = readdir(directory)) != NULL)
		look_at(place, entry->d_name, now);
	place->stirred |= place->ready_count == PICKUP_READY_MAX;
	closedir(directory);
}

char *pickup_place_next(struct pickup_place *place, int64_t now)
{
	int64_t passed = now - place->looked;

	listen_on(place, now);
	if (place->ready_count == 0 &&
	    (place->looked == 0 || passed >= PICKUP_SCAN_MS ||
	     (passed >= LOOK_MS && (place->stirred || place->resting > 0)))) {
		if (is_there(place))
			look(place, now);
		else
			close_all(place); /* opened anew by the next question */
	}
	return place->ready_count > 0 ? place->ready[--place->ready_count] : NULL;
}

/* ---- taking ---- */

/* Trouble of ours, not of the file: it is looked at again. */
static bool is_passing(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EMFILE || error == ENFILE ||
	       error == ENOMEM || error == EIO || error == EROFS || error == EINTR;
}

static void not_taken(struct pickup_place *place, const char *name, int error)
{
	if (is_passing(error))
		place->resting++;
	else if (error != ENOENT)
		ignore(place, name,
		       error == EACCES ? "the store's user may not read or move it" : strerror(error));
}

/* Can it be read, and is it one file? Looked at before it is moved: what is not taken stays. */
static bool may_take(struct pickup_place *place, const char *name)
{
	int fd = openat(place->directory, name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	bool good;

	if (fd < 0) {
		not_taken(place, name, errno);
		return false;
	}
	good = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1;
	close(fd);
	return good;
}

bool pickup_place_take(struct pickup_place *place, const char *name, const char *file)
{
	if (!may_take(place, name))
		return false;
	if (renameat2(place->directory, name, place->claimed, file, RENAME_NOREPLACE) == 0) {
		table_drop(place->seen, span_text(name));
		return true;
	}
	not_taken(place, name, errno);
	return false;
}

int pickup_place_open_claimed(const struct pickup_place *place, const char *file,
			      struct stat *status)
{
	int fd = openat(place->claimed, file,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, status) == 0 && S_ISREG(status->st_mode))
		return fd;
	if (fd >= 0) {
		close(fd);
		errno = EINVAL;
	}
	return -1;
}
