/* SPDX-License-Identifier: ISC */
#include "base/sync.h"

#include "base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define STRIPES 64

struct flush { /* a directory somebody wants durable; lives while it has users */
	struct flush *next;
	dev_t device;
	ino_t inode;
	unsigned users;
	bool running;
	uint64_t begun;    /* number of the last fsync that began */
	uint64_t finished; /* number of the last that ended; they run one at a time */
	uint64_t failed;   /* number of the last that failed */
	int error;
};

struct stripe {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct flush *flushes;
};

struct sync_group {
	struct stripe stripes[STRIPES];
};

struct sync_group *sync_group_new(void)
{
	struct sync_group *group = memory_new(sizeof *group);

	for (size_t i = 0; i < STRIPES; i++) {
		pthread_mutex_init(&group->stripes[i].lock, NULL);
		pthread_cond_init(&group->stripes[i].ended, NULL);
	}
	return group;
}

void sync_group_free(struct sync_group *group)
{
	for (size_t i = 0; group != NULL && i < STRIPES; i++) {
		pthread_mutex_destroy(&group->stripes[i].lock);
		pthread_cond_destroy(&group->stripes[i].ended);
	}
	free(group);
}

static struct flush *flush_take(struct stripe *stripe, dev_t device, ino_t inode)
{
	struct flush *flush = stripe->flushes;

	while (flush != NULL && (flush->inode != inode || flush->device != device))
		flush = flush->next;
	if (flush == NULL) {
		flush = memory_new(sizeof *flush);
		flush->device = device;
		flush->inode = inode;
		flush->next = stripe->flushes;
		stripe->flushes = flush;
	}
	flush->users++;
	return flush;
}

static void flush_release(struct stripe *stripe, struct flush *flush)
{
	struct flush **at = &stripe->flushes;

	if (--flush->users > 0)
		return;
	while (*at != flush)
		at = &(*at)->next;
	*at = flush->next;
	free(flush);
}

static void flush_run(struct stripe *stripe, struct flush *flush, int directory)
{
	uint64_t number = ++flush->begun;
	int error;

	flush->running = true;
	pthread_mutex_unlock(&stripe->lock);
	error = fsync(directory) == 0 ? 0 : errno;
	pthread_mutex_lock(&stripe->lock);
	flush->running = false;
	flush->finished = number;
	if (error != 0) {
		flush->failed = number;
		flush->error = error;
	}
	pthread_cond_broadcast(&stripe->ended);
}

int sync_directory(struct sync_group *group, int directory, dev_t device, ino_t inode)
{
	struct stripe *stripe = &group->stripes[stripe_of(inode, STRIPES)];
	struct flush *flush;
	uint64_t wanted;
	int error;

	pthread_mutex_lock(&stripe->lock);
	flush = flush_take(stripe, device, inode);
	wanted = flush->begun + 1;
	while (flush->finished < wanted) {
		if (!flush->running)
			flush_run(stripe, flush, directory);
		else
			pthread_cond_wait(&stripe->ended, &stripe->lock);
	}
	error = flush->failed >= wanted ? flush->error : 0;
	flush_release(stripe, flush);
	pthread_mutex_unlock(&stripe->lock);
	errno = error;
	return error == 0 ? 0 : -1;
}
