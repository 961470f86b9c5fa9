/* SPDX-License-Identifier: ISC */
#include "store/drop_watch.h"

#include "base/memory.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BUCKETS 1024
#define EVENTS  (16 * 1024) /* octets read at once */

struct drop_watch {
	int fd;
	dev_t device;
	struct drop_watched *buckets[BUCKETS];
};

/* Where no other machine can change a directory without this kernel knowing. */
static bool local_file_system(int directory)
{
	static const unsigned long known[] = { EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
					       F2FS_SUPER_MAGIC, TMPFS_MAGIC };
	struct statfs status;

	if (fstatfs(directory, &status) != 0)
		return false;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if ((unsigned long)status.f_type == known[i])
			return true;
	}
	return false;
}

struct drop_watch *drop_watch_new(int directory)
{
	struct drop_watch *watch;
	struct stat status;
	int fd;

	if (!local_file_system(directory) || fstat(directory, &status) != 0)
		return NULL;
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0)
		return NULL;
	watch = memory_new(sizeof *watch);
	watch->fd = fd;
	watch->device = status.st_dev;
	return watch;
}

void drop_watch_free(struct drop_watch *watch)
{
	if (watch == NULL)
		return;
	close(watch->fd);
	free(watch);
}

static struct drop_watched **watched_at(struct drop_watch *watch, int number)
{
	struct drop_watched **at = &watch->buckets[(unsigned)number % BUCKETS];

	while (*at != NULL && (*at)->number != number)
		at = &(*at)->next;
	return at;
}

bool drop_watch_add(struct drop_watch *watch, int mailbox, const char *folder,
		    struct drop_watched *watched)
{
	struct stat status;
	char path[64];

	watched->number = -1;
	if (watch == NULL || fstat(mailbox, &status) != 0 || status.st_dev != watch->device)
		return false;
	snprintf(path, sizeof path, "/proc/self/fd/%d/%s", mailbox, folder);
	/* IN_MASK_CREATE: a directory that was moved here and is watched already is not watched
	 * twice. */
	watched->number = inotify_add_watch(watch->fd, path,
					    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
						    IN_ONLYDIR | IN_DONT_FOLLOW | IN_MASK_CREATE);
	if (watched->number < 0)
		return false;
	watched->next = NULL;
	*watched_at(watch, watched->number) = watched;
	return true;
}

void drop_watch_remove(struct drop_watch *watch, struct drop_watched *watched)
{
	if (watched->number < 0)
		return;
	*watched_at(watch, watched->number) = watched->next;
	(void)inotify_rm_watch(watch->fd, watched->number);
	watched->number = -1;
}

static void event_tell(struct drop_watch *watch, const struct inotify_event *event,
		       const struct drop_watch_calls *calls, void *context)
{
	struct drop_watched *watched = event->wd < 0 ? NULL : *watched_at(watch, event->wd);

	if (event->mask & IN_Q_OVERFLOW)
		calls->missed(context);
	else if (watched == NULL)
		return; /* what was under way when the watch was removed */
	else if (event->mask & IN_IGNORED) {
		*watched_at(watch, watched->number) = watched->next;
		watched->number = -1;
		calls->ended(context, watched);
	} else if (event->len == 0 || event->mask & IN_ISDIR)
		return;
	else if (event->mask & (IN_CREATE | IN_MOVED_TO))
		calls->came(context, watched, event->name);
	else if (event->mask & (IN_DELETE | IN_MOVED_FROM))
		calls->went(context, watched, event->name);
}

void drop_watch_read(struct drop_watch *watch, const struct drop_watch_calls *calls, void *context)
{
	_Alignas(struct inotify_event) char events[EVENTS];
	ssize_t got;

	if (watch == NULL)
		return;
	while ((got = read(watch->fd, events, sizeof events)) > 0) {
		for (ssize_t at = 0; at < got;) {
			const struct inotify_event *event =
				(const struct inotify_event *)(events + at);

			at += (ssize_t)(sizeof *event + event->len);
			event_tell(watch, event, calls, context);
		}
	}
	if (got < 0 && errno != EAGAIN)
		calls->missed(context);
}
