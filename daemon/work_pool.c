/* SPDX-License-Identifier: ISC */
#include "daemon/work_pool.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/work_peer.h"

enum { WORK_WAITING_MAX = 10000, WORK_OCTETS_MAX = 32 << 20, WORK_STACK = 512 * 1024 };

struct work_pool {
	struct work *first, **last;
	atomic_size_t waiting; /* works; changed under work_lock, read without */
	atomic_size_t octets;  /* of their bodies; likewise */
	pthread_cond_t there;
};

/* One a process: a role is a process. */
static struct {
	struct work_pool *pools;
	size_t count;
	pthread_t *threads;
	size_t threads_count;
	bool ending; /* under work_lock */
} set;

void work_free(struct work *work)
{
	if (work->fd >= 0)
		close(work->fd);
	memory_wipe(work->body, work->length); /* it may have been a password */
	free(work);
}

/* One turn under the lock ends the work that was done, if one was, and takes the next. */
static struct work *pool_take(struct work_pool *pool, struct work_peer *done)
{
	struct work *work;

	pthread_mutex_lock(&work_lock);
	if (done)
		work_peer_release(done);
	while (!pool->first && !set.ending)
		pthread_cond_wait(&pool->there, &work_lock);
	work = pool->first;
	if (work) {
		pool->first = work->next;
		if (!pool->first)
			pool->last = &pool->first;
		pool->waiting--;
		pool->octets -= work->length;
		work->orphan = work->peer->closed;
	}
	pthread_mutex_unlock(&work_lock);
	return work;
}

/*
 * Not when a dead frontend asked: its client was told nothing, and comes again. Nor when nobody
 * waits for the answer any more: to work on it would make those behind it late as well.
 */
static bool is_wanted(const struct work *work)
{
	unsigned patience = work->permit->patience;

	if (work->orphan)
		return patience == WORK_ALWAYS;
	if (patience == 0 || clock_ms() - work->arrived <= patience)
		return true;
	log_warning("work.stale", LOG_NUMBER("kind", work->permit->kind));
	return false;
}

static void *pool_run(void *of)
{
	struct work_pool *pool = of;
	struct work_peer *done = NULL;
	struct work *work;

	while ((work = pool_take(pool, done))) {
		if (is_wanted(work) && !work->permit->handle(work)) {
			work_peer_accuse(work->peer, "malformed", work->permit->kind);
			shutdown(work->peer->fd, SHUT_RDWR);
		}
		done = work->peer;
		work_free(work);
	}
	return NULL;
}

/* More is waiting than that many times the limit. */
static bool is_over(const struct work_pool *pool, size_t times)
{
	return atomic_load(&pool->waiting) > times * WORK_WAITING_MAX ||
	       atomic_load(&pool->octets) > times * WORK_OCTETS_MAX;
}

bool work_pool_over(unsigned pool, size_t times)
{
	return is_over(&set.pools[pool], times);
}

bool work_pools_over(size_t times)
{
	for (size_t i = 0; i < set.count; i++)
		if (is_over(&set.pools[i], times))
			return true;
	return false;
}

void work_pool_put(unsigned number, struct work *work)
{
	struct work_pool *pool = &set.pools[number];

	pthread_mutex_lock(&work_lock);
	work->peer->held++;
	*pool->last = work;
	pool->last = &work->next;
	pool->waiting++;
	pool->octets += work->length;
	pthread_mutex_unlock(&work_lock);
	pthread_cond_signal(
		&pool->there); /* behind the lock, lest the one that wakes has to wait for it */
}

/* How many threads there will be. */
static size_t pools_make(const unsigned *threads)
{
	size_t count = 0;

	while (threads[set.count])
		count += threads[set.count++];
	set.pools = memory_array(set.count, sizeof *set.pools);
	for (size_t i = 0; i < set.count; i++) {
		set.pools[i].last = &set.pools[i].first;
		pthread_cond_init(&set.pools[i].there, NULL);
	}
	return count;
}

void work_pools_start(const unsigned *threads)
{
	pthread_attr_t attributes;

	set.threads = memory_array(pools_make(threads), sizeof *set.threads);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, WORK_STACK);
	for (size_t i = 0; i < set.count; i++)
		for (unsigned n = 0; n < threads[i]; n++)
			if (pthread_create(&set.threads[set.threads_count++], &attributes, pool_run,
					   &set.pools[i]) != 0)
				memory_die("a thread could not be started");
	pthread_attr_destroy(&attributes);
}

void work_pools_stop(void)
{
	pthread_mutex_lock(&work_lock);
	set.ending = true;
	for (size_t i = 0; i < set.count; i++)
		pthread_cond_broadcast(&set.pools[i].there);
	pthread_mutex_unlock(&work_lock);
	for (size_t i = 0; i < set.threads_count; i++)
		pthread_join(set.threads[i], NULL);
	free(set.threads);
}
