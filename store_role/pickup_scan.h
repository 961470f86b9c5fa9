/* SPDX-License-Identifier: ISC */
/*
 * The store role's side of the pickup directories: notices files, waits until they are
 * whole, and claims one at a time by a rename into a directory of its own below
 * (".postern"), so that nobody else has it. What stands in a file it never looks at.
 *
 * Taken are regular files of one name, not those whose name begins with "." or ends in
 * ".tmp" or "~". A file is whole when it was renamed into the directory, when its writer
 * closed it, or, where the kernel does not tell (a share written to from another machine),
 * when its size and time have rested for PICKUP_REST_MS. After a crash claimed files are
 * claimed again. May be called from many threads; blocks on the disk.
 */
#ifndef STORE_ROLE_PICKUP_SCAN_H
#define STORE_ROLE_PICKUP_SCAN_H

#include "queue/queue.h"

struct conf;
struct pickup_scan;

#define PICKUP_REST_MS  3000
#define PICKUP_SCAN_MS  10000 /* between two looks at a directory of which nothing is heard */
#define PICKUP_AGAIN_MS 60000 /* until a file that could not be taken in is claimed again */
#define PICKUP_OUT_MAX  64    /* claimed by relays at a time */

struct pickup_claim {
	uint64_t handle;
	char server[QUEUE_SERVER_SIZE];
	char name[256]; /* as its writer named it, perhaps cut */
	int fd;         /* for reading; the callee's */
	uint64_t size;
};

struct pickup_scan *pickup_scan_new(void);
void pickup_scan_free(struct pickup_scan *scan); /* NULL is fine; files stay claimed */

/* The next file of the directories of `conf`; false: there is none now. `now` is clock_ms(). */
bool pickup_scan_claim(struct pickup_scan *scan, const struct conf *conf, const void *owner,
		       int64_t now, struct pickup_claim *claim);
/* A claim of that owner, opened anew; false: it is none. */
bool pickup_scan_find(struct pickup_scan *scan, uint64_t handle, const void *owner,
		      struct pickup_claim *claim);
/* Done with: the file goes. False with errno: it stays, and is not claimed again before the next
 * start. */
bool pickup_scan_remove(struct pickup_scan *scan, uint64_t handle, const void *owner);
/* It could not be taken in: later. */
void pickup_scan_again(struct pickup_scan *scan, uint64_t handle, const void *owner, int64_t now);
/* Its claims are claimed by the next who asks. */
void pickup_scan_owner_gone(struct pickup_scan *scan, const void *owner);

#endif
