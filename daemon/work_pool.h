/* SPDX-License-Identifier: ISC */
/*
 * The pools of a worker: each a queue of works and the threads that take them, in
 * order, one at a time. What nobody waits for any more is dropped unanswered. One
 * set a process.
 */
#ifndef DAEMON_WORK_POOL_H
#define DAEMON_WORK_POOL_H

#include "daemon/work.h"

/* threads: of each pool, ends with 0. Dies when they cannot be started. */
void work_pools_start(const unsigned *threads);
void work_pools_stop(void); /* what was put is finished; then the threads have ended */

void work_pool_put(unsigned pool, struct work *work);
/* More is waiting than that many times 10,000 works or 32 MiB. */
bool work_pool_over(unsigned pool, size_t times);
bool work_pools_over(size_t times); /* one of them is */

void work_free(struct work *work); /* wiped, its descriptor closed */

#endif
