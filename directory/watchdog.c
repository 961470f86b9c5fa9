/* SPDX-License-Identifier: ISC */
#include "directory/watchdog.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "directory/threads.h"

struct watchdog {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	pthread_t thread;
	struct watch *first;
	int64_t next; /* when the thread wakes by itself */
	bool stop;
};

static void unlink_watch(struct watch *watch)
{
	*watch->link = watch->next;
	if (watch->next)
		watch->next->link = watch->link;
	watch->link = NULL;
}

/* Fires what is due; the earliest deadline that remains. */
static int64_t fire_due(struct watchdog *watchdog, int64_t now)
{
	int64_t earliest = now + 60 * 1000;
	struct watch *next;

	for (struct watch *watch = watchdog->first; watch; watch = next) {
		next = watch->next;
		if (watch->deadline <= now) {
			watch->fired = true;
			shutdown(watch->descriptor, SHUT_RDWR);
			unlink_watch(watch);
		} else if (watch->deadline < earliest) {
			earliest = watch->deadline;
		}
	}
	return earliest;
}

static void *watchdog_run(void *context)
{
	struct watchdog *watchdog = context;

	pthread_mutex_lock(&watchdog->mutex);
	while (!watchdog->stop) {
		watchdog->next = fire_due(watchdog, clock_ms());
		thread_wait(&watchdog->changed, &watchdog->mutex, watchdog->next);
	}
	pthread_mutex_unlock(&watchdog->mutex);
	return NULL;
}

struct watchdog *watchdog_new(void)
{
	struct watchdog *watchdog = memory_new(sizeof(*watchdog));

	pthread_mutex_init(&watchdog->mutex, NULL);
	thread_cond_init(&watchdog->changed);
	thread_start(&watchdog->thread, watchdog_run, watchdog);
	return watchdog;
}

void watchdog_free(struct watchdog *watchdog)
{
	if (!watchdog)
		return;
	pthread_mutex_lock(&watchdog->mutex);
	watchdog->stop = true;
	pthread_cond_signal(&watchdog->changed);
	pthread_mutex_unlock(&watchdog->mutex);
	pthread_join(watchdog->thread, NULL);
	pthread_cond_destroy(&watchdog->changed);
	pthread_mutex_destroy(&watchdog->mutex);
	free(watchdog);
}

void watchdog_arm(struct watchdog *watchdog, struct watch *watch, int descriptor, int64_t deadline)
{
	pthread_mutex_lock(&watchdog->mutex);
	*watch = (struct watch){
		.next = watchdog->first,
		.link = &watchdog->first,
		.descriptor = descriptor,
		.deadline = deadline,
	};
	if (watch->next)
		watch->next->link = &watch->next;
	watchdog->first = watch;
	if (deadline < watchdog->next)
		pthread_cond_signal(&watchdog->changed);
	pthread_mutex_unlock(&watchdog->mutex);
}

bool watchdog_disarm(struct watchdog *watchdog, struct watch *watch)
{
	pthread_mutex_lock(&watchdog->mutex);
	if (watch->link)
		unlink_watch(watch);
	pthread_mutex_unlock(&watchdog->mutex);
	return watch->fired;
}
