/* SPDX-License-Identifier: ISC */
/*
 * Jobs of the queue for those who send. What a peer has taken goes back when it is gone.
 */
#ifndef STORE_ROLE_QUEUE_JOBS_H
#define STORE_ROLE_QUEUE_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store_role/queue_asks.h"

/* Of a peer. */
void *queue_jobs_new(struct queue_asks *asks);
void queue_jobs_close(void *jobs); /* it takes no more */
void queue_jobs_free(void *jobs);  /* what it had goes back to the queue */
/* The number in the message of a recipient of the job; false: the peer has no such job, or recipient. */
bool queue_jobs_recipient(void *jobs, uint64_t handle, size_t recipient, size_t *number);
/* How many recipients it has; 0: the peer has no such job. */
size_t queue_jobs_count(void *jobs, uint64_t handle);
queue_asks_answer queue_jobs_answer;

bool queue_handle_take(struct work *work);
/* work_plan's at_once for those of a relay: false, it is not one. */
bool queue_take_at_once(struct work *work);
bool queue_handle_done(struct work *work);

#endif
