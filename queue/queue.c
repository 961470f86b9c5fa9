/* SPDX-License-Identifier: ISC */
#include "queue/queue_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/spool.h"
#include "queue/jobs.h"
#include "queue/scan.h"

enum { LOOK_AT_LEAST = 30, LOCK_PATIENCE_MS = 10000 };

int64_t (*queue_clock)(void) = clock_unix;

void queue_lock(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
}

void queue_unlock(struct queue *queue)
{
	bool ready = queue->ready_now;

	queue->ready_now = false;
	pthread_mutex_unlock(&queue->lock);
	if (ready)
		queue->calls.ready(queue->context);
}

pthread_mutex_t *queue_stripe(struct queue *queue, uint32_t message)
{
	return &queue->stripes[message % QUEUE_STRIPES];
}

uint32_t queue_now(void)
{
	return (uint32_t)queue_clock();
}

void queue_wake(struct queue *queue)
{
	queue_lock(queue);
	pthread_cond_broadcast(&queue->clock);
	pthread_cond_broadcast(&queue->timers);
	pthread_cond_broadcast(&queue->load);
	queue_unlock(queue);
}

/* The calendar may be set while we wait: it is looked at now and then in any case. */
void queue_wait(struct queue *queue, pthread_cond_t *what, uint32_t until)
{
	uint32_t now = queue_now(), left = until > now ? until - now : 0;
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += left < LOOK_AT_LEAST ? left : LOOK_AT_LEAST;
	(void)pthread_cond_timedwait(what, &queue->lock, &deadline);
}

static void locks_make(struct queue *queue)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->clock, &attributes);
	pthread_cond_init(&queue->timers, &attributes);
	pthread_cond_init(&queue->load, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&queue->lock, NULL);
	for (size_t i = 0; i < QUEUE_STRIPES; i++)
		pthread_mutex_init(&queue->stripes[i], NULL);
}

static void locks_free(struct queue *queue)
{
	for (size_t i = 0; i < QUEUE_STRIPES; i++)
		pthread_mutex_destroy(&queue->stripes[i]);
	pthread_mutex_destroy(&queue->lock);
	pthread_cond_destroy(&queue->clock);
	pthread_cond_destroy(&queue->timers);
	pthread_cond_destroy(&queue->load);
}

static bool spool_drop(void *context, const char *name)
{
	const struct queue *queue = context;

	if (strncmp(name, "spool.", 6) == 0)
		(void)unlinkat(queue->spool_fd, name, 0);
	return true;
}

/* One that is ending may take a moment to let go. */
static bool alone(int fd)
{
	static const struct timespec moment = { 0, 20000000 };
	int64_t until = clock_ms() + LOCK_PATIENCE_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK || clock_ms() > until)
			return false;
		nanosleep(&moment, NULL);
	}
	return true;
}

static enum outcome root_open(struct queue *queue, struct queue_failure *failure)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

	if (mkdir(queue->root, 0700) != 0 && errno != EEXIST)
		return queue_failure_errno(failure, errno, "cannot make %s", queue->root);
	queue->root_fd = open(queue->root, flags);
	if (queue->root_fd < 0)
		return queue_failure_errno(failure, errno, "cannot open %s", queue->root);
	if (mkdirat(queue->root_fd, ".spool", 0700) != 0 && errno != EEXIST)
		return queue_failure_errno(failure, errno, "cannot make %s/.spool", queue->root);
	queue->spool_fd = openat(queue->root_fd, ".spool", flags | O_NOFOLLOW);
	if (queue->spool_fd < 0)
		return queue_failure_errno(failure, errno, "cannot open %s/.spool", queue->root);
	queue->name_first = links_need_inode(queue->spool_fd);
	queue->run_fd =
		openat(queue->spool_fd, "run", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (queue->run_fd < 0 || !alone(queue->run_fd))
		return queue_failure_errno(failure, errno,
					   "%s is another's: cannot lock .spool/run", queue->root);
	/* Nobody else is here: what has a name in there is from before. */
	(void)directory_scan(queue->spool_fd, spool_drop, queue);
	return OUTCOME_OK;
}

static enum outcome threads_start(struct queue *queue, struct queue_failure *failure)
{
	void *(*const runs[])(void *) = { clock_run, timers_run, load_run };
	pthread_attr_t attributes;
	int error = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 512 * 1024);
	while (error == 0 && queue->threads_count < sizeof runs / sizeof runs[0]) {
		error = pthread_create(&queue->threads[queue->threads_count], &attributes,
				       runs[queue->threads_count], queue);
		if (error == 0)
			queue->threads_count++;
	}
	pthread_attr_destroy(&attributes);
	return error == 0 ? OUTCOME_OK
			  : queue_failure_errno(failure, error, "cannot start a thread");
}

struct queue *queue_open(const char *root, const struct queue_calls *calls, void *context,
			 struct queue_failure *failure)
{
	struct queue *queue = memory_new(sizeof *queue);

	if (failure != NULL)
		memset(failure, 0, sizeof *failure);
	queue->calls = *calls;
	queue->context = context;
	queue->root = memory_text(root);
	queue->root_fd = queue->spool_fd = queue->run_fd = -1;
	queue->messages.size = sizeof(struct message);
	queue->legs.size = sizeof(struct leg);
	queue->hops.size = sizeof(struct hop);
	/* Pages that are never touched cost nothing; and no table ever grows under the lock. */
	queue->buckets = memory_array((size_t)1 << QUEUE_BUCKETS_BITS, sizeof *queue->buckets);
	queue->hop_buckets = memory_array((size_t)1 << QUEUE_HOPS_BITS, sizeof *queue->hop_buckets);
	queue->messages_max = QUEUE_MESSAGES_MAX;
	queue->unread = true;
	queue->sync = sync_group_new();
	locks_make(queue);
	if (root_open(queue, failure) == OUTCOME_OK) {
		if (calls->opened != NULL)
			calls->opened(context, queue);
		if (threads_start(queue, failure) == OUTCOME_OK)
			return queue;
	}
	queue_close(queue);
	return NULL;
}

static void memory_free(struct queue *queue)
{
	for (uint32_t i = 1; i <= queue->hops.used; i++)
		if (AT_HOP(queue, i)->legs > 0) {
			heap_clear(&AT_HOP(queue, i)->waiting);
			free(AT_HOP(queue, i)->key);
		}
	for (uint32_t i = 0; i < queue->taken_count; i++)
		job_clear(&queue->taken[i]);
	free(queue->taken);
	heap_clear(&queue->sleeping);
	heap_clear(&queue->due);
	slab_clear(&queue->messages);
	slab_clear(&queue->legs);
	slab_clear(&queue->hops);
	free(queue->buckets);
	free(queue->hop_buckets);
	servers_free(queue);
}

void queue_close(struct queue *queue)
{
	if (queue == NULL)
		return;
	queue_lock(queue);
	queue->ending = true;
	queue_unlock(queue);
	queue_wake(queue);
	for (size_t i = 0; i < queue->threads_count; i++)
		pthread_join(queue->threads[i], NULL);
	for (uint32_t left = queue->unwritten; left > 0; left--)
		(void)done_again(queue, UINT32_MAX);
	memory_free(queue);
	for (size_t i = 0; i < 3; i++) {
		int fd = (int[]){ queue->run_fd, queue->spool_fd, queue->root_fd }[i];

		if (fd >= 0)
			close(fd);
	}
	sync_group_free(queue->sync);
	locks_free(queue);
	free(queue->root);
	free(queue);
}

void queue_total(struct queue *queue, struct queue_totals *totals)
{
	queue_lock(queue);
	totals->messages = queue->messages_count;
	totals->jobs = queue->taken_used;
	totals->hops = queue->hops_count;
	totals->loading = queue->unread || queue->reading;
	queue_unlock(queue);
}
