/* SPDX-License-Identifier: ISC */
/* What every thread here needs: signals left to the main thread, waits that end at a clock_ms
 * deadline. */
#ifndef DIRECTORY_THREADS_H
#define DIRECTORY_THREADS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Starts a thread that no signal reaches; dies when the system gives none. */
void thread_start(pthread_t *thread, void *(*run)(void *), void *context);
/* A condition on the monotonic clock. */
void thread_cond_init(pthread_cond_t *cond);
/* False when `deadline` (clock_ms) passed. */
bool thread_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline);

#endif
