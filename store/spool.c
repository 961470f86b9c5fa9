/* SPDX-License-Identifier: ISC */
/*
 * Spool files: nameless where the file system can (O_TMPFILE), so that nothing is
 * left after a crash; otherwise named <root>/.spool/spool.<inode>, a name that a
 * descriptor alone is enough to find again.
 */
#include "store/store_private.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SWEEP_EVERY_MS (3600 * 1000)
#define SWEEP_AGE      (24 * 3600)

/* With names, a sender that goes away leaves a file; a day later nobody can want it. */
static void sweep_now_and_then(struct store *store)
{
	long long next = atomic_load(&store->next_sweep);
	int64_t now = clock_ms();

	if (now >= next &&
	    atomic_compare_exchange_strong(&store->next_sweep, &next, now + SWEEP_EVERY_MS))
		(void)spool_sweep(store, clock_unix() - SWEEP_AGE);
}

int spool_new(struct store *store)
{
	if (atomic_load(&store->named_spool)) {
		sweep_now_and_then(store);
		return spool_new_in(store->spool_fd, true);
	}
	return spread_file(&store->spread, store->spool_fd);
}

int spool_durable(struct store *store, int spool)
{
	if (atomic_load(&store->name_first) && spool_name(store->spool_fd, spool) != 0)
		return -1;
	return fdatasync(spool);
}

int store_spool(struct store *store, struct store_failure *failure)
{
	int fd;

	failure_clear(failure);
	fd = spool_new(store);
	if (fd < 0)
		failure_errno(failure, errno, "cannot make a spool file below %s", store->root);
	return fd;
}

void store_spool_forget(struct store *store, int spool)
{
	if (atomic_load(&store->named_spool))
		spool_forget(store->spool_fd, spool);
}

int store_spool_ahead(struct store *store)
{
	return atomic_load(&store->named_spool) ? -1 : spool_new(store);
}
