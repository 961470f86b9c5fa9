/* SPDX-License-Identifier: ISC */
/*
 * Jobs of the queue for those who send: their asks wait here until something is due, a
 * thread answers them, and what a peer had taken goes back when it is gone.
 */
#ifndef DAEMON_QUEUE_JOBS_H
#define DAEMON_QUEUE_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue;
struct queue_asks;
struct work;

struct queue_asks *queue_asks_new(void);
/* The thread begins; the queue calls `ready` from now on, or did before. */
void queue_asks_start(struct queue_asks *asks, struct queue *queue);
void queue_asks_ready(struct queue_asks *asks);
/* Drops what waits, takes no more, ends the thread. */
void queue_asks_stop(struct queue_asks *asks);
void queue_asks_free(struct queue_asks *asks);

/* Of a peer. */
void *queue_jobs_new(struct queue_asks *asks);
void queue_jobs_close(void *jobs); /* it asks no more: its asks are dropped */
void queue_jobs_free(void *jobs);  /* what it had goes back to the queue */
bool queue_jobs_has(void *jobs, uint64_t handle);

bool queue_handle_take(struct work *work);
bool queue_handle_done(struct work *work);

#endif
