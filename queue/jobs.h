/* SPDX-License-Identifier: ISC */
/* The jobs that are taken, by handle. */
#ifndef QUEUE_JOBS_H
#define QUEUE_JOBS_H

#include "queue/queue_private.h"

/*
 * With the lock held: those of the message's `count` recipients that jobs of other legs have, as
 * after a change of the rules; NULL: none. To be freed.
 */
bool *jobs_of_others(const struct queue *queue, uint32_t message, uint32_t leg, size_t count);
/* What such a job got meanwhile is left out of `job`; 0: nothing is left of it. */
uint64_t jobs_add(struct queue *queue, uint32_t leg, uint32_t message, struct queue_job *job,
		  bool all);
/* With the lock held; NULL: there is no such job. */
struct taken *jobs_find(struct queue *queue, uint64_t handle);
/* With the lock held. What it was goes to *job, whose `which` is to be freed; false: no such job.
 */
bool jobs_end(struct queue *queue, uint64_t handle, struct taken *job);
void job_clear(struct taken *job); /* frees what it has */
/* With the lock held: it is taken again, under a handle that nobody knows. */
void jobs_keep(struct queue *queue, const struct taken *job);
/* With the lock held: ends one whose results were kept and are due by then; false: there is none.
 */
bool jobs_unwritten(struct queue *queue, uint32_t by, struct taken *job);
/* With the lock held: when the first of those is due; UINT32_MAX: never. */
uint32_t jobs_unwritten_due(const struct queue *queue);
/* With the lock held: sets those of the message's recipients that jobs have. */
void jobs_mark(const struct queue *queue, uint32_t message, uint32_t serial, bool *under_way);
/* With the lock held: a leg that was taken is no more. */
void leg_return(struct queue *queue, uint32_t leg);

#endif
