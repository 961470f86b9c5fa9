/* SPDX-License-Identifier: ISC */
#include "directory/threads.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/memory.h"

void thread_start(pthread_t *thread, void *(*run)(void *), void *context)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(thread, NULL, run, context) != 0)
		memory_die("no thread could be started");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void thread_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attributes);
	pthread_condattr_destroy(&attributes);
}

bool thread_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline)
{
	struct timespec until = {
		.tv_sec = deadline / 1000,
		.tv_nsec = deadline % 1000 * 1000000,
	};

	return pthread_cond_timedwait(cond, mutex, &until) != ETIMEDOUT;
}
