/* SPDX-License-Identifier: ISC */
/*
 * Asks for a job of the queue that wait until something is due. Whoever makes it due answers
 * them, or else a thread of their own, in their order; so nobody who asks holds a thread.
 */
#ifndef STORE_ROLE_QUEUE_ASKS_H
#define STORE_ROLE_QUEUE_ASKS_H

#include <stdbool.h>

struct queue;
struct queue_asks;
struct work;

struct queue_asker { /* a peer */
	struct queue_asks *asks;
	bool closed; /* the asks' */
};

/* False: nothing is due. In the thread of the asks, or of queue_asks_serve. */
typedef bool queue_asks_answer(struct queue *queue, struct work *work, struct queue_asker *asker);

struct queue_asks *queue_asks_new(queue_asks_answer *answer);
/* The thread begins; the queue may have called `ready` before. */
void queue_asks_start(struct queue_asks *asks, struct queue *queue);
struct queue *queue_asks_queue(const struct queue_asks *asks);
void queue_asks_ready(struct queue_asks *asks); /* there may be something; from any thread */
/*
 * A thread whose work makes something due answers the asks for it itself, behind that work: no other
 * has to wake up for it. What becomes ready between the two waits for the second.
 */
void queue_asks_defer(void);
void queue_asks_serve(struct queue_asks *asks); /* may block, as queue_asks_answer does */
/* Drops what waits, takes no more, ends the thread. */
void queue_asks_stop(struct queue_asks *asks);
void queue_asks_free(struct queue_asks *asks);

/* The work is kept (work_keep) until it is answered; dropped at once when the asker is closed. */
void queue_asks_keep(struct queue_asker *asker, const struct work *work);
void queue_asks_close(struct queue_asker *asker); /* it asks no more: its asks are dropped */

#endif
