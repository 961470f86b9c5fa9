/* SPDX-License-Identifier: ISC */
/*
 * Names that came to a directory or went from it, in order, whoever did it (inotify): every
 * change whose system call has returned. Only on file systems of this machine alone; elsewhere,
 * and where the kernel gives no more watches, nothing is watched. Not locked: the owner locks.
 */
#ifndef STORE_DROP_WATCH_H
#define STORE_DROP_WATCH_H

#include <stdbool.h>
#include <stddef.h>

struct drop_watch; /* of one store, NULL: nothing is watched */

/* One directory watched; embedded in what it is for. */
struct drop_watched {
	struct drop_watched *next;
	int number; /* -1: not watched */
};

struct drop_watch_calls {
	void (*came)(void *context, struct drop_watched *watched, const char *name);
	void (*went)(void *context, struct drop_watched *watched, const char *name);
	void (*ended)(void *context, struct drop_watched *watched); /* it is not watched any more */
	void (*missed)(void *context); /* there were too many: of any directory some are unknown */
};

struct drop_watch *drop_watch_new(int directory); /* below which all is */
void drop_watch_free(struct drop_watch *watch);
bool drop_watch_add(struct drop_watch *watch, int mailbox, const char *folder,
		    struct drop_watched *watched);
void drop_watch_remove(struct drop_watch *watch, struct drop_watched *watched);
/* Tells all that happened since the last time. */
void drop_watch_read(struct drop_watch *watch, const struct drop_watch_calls *calls, void *context);

#endif
