/* SPDX-License-Identifier: ISC */
#include "store_role/queue_asks.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "daemon/work.h"

enum { ASKS_MAX = 20000, ASKS_STACK = 512 * 1024 };

static _Thread_local bool deferred; /* this thread will call queue_asks_serve */

struct ask {
	struct ask *next;
	struct queue_asker *asker;
	struct work *work;
};

struct queue_asks {
	queue_asks_answer *answer;
	struct queue *queue;
	pthread_mutex_t lock;
	pthread_cond_t there;
	pthread_t thread;
	bool started, ready, ending;
	struct ask *first, **last;
	size_t count;
};

struct queue_asks *queue_asks_new(queue_asks_answer *answer)
{
	struct queue_asks *asks = memory_new(sizeof *asks);

	pthread_mutex_init(&asks->lock, NULL);
	pthread_cond_init(&asks->there, NULL);
	asks->answer = answer;
	asks->last = &asks->first;
	return asks;
}

struct queue *queue_asks_queue(const struct queue_asks *asks)
{
	return asks->queue;
}

/* With the lock held. */
static void asks_wake(struct queue_asks *asks)
{
	if (asks->ready && asks->first)
		pthread_cond_signal(&asks->there);
}

void queue_asks_ready(struct queue_asks *asks)
{
	pthread_mutex_lock(&asks->lock);
	asks->ready = true;
	if (!deferred)
		asks_wake(asks);
	pthread_mutex_unlock(&asks->lock);
}

static void ask_put(struct queue_asks *asks, struct ask *ask, bool first)
{
	if (first || !asks->first) {
		ask->next = asks->first;
		asks->first = ask;
		if (!ask->next)
			asks->last = &ask->next;
	} else {
		ask->next = NULL;
		*asks->last = ask;
		asks->last = &ask->next;
	}
	asks->count++;
}

/* Taken out of the list; `at` is where the list has it. */
static struct ask *ask_pull(struct queue_asks *asks, struct ask **at)
{
	struct ask *ask = *at;

	*at = ask->next;
	if (!*at)
		asks->last = at;
	asks->count--;
	return ask;
}

static void ask_free(struct ask *ask)
{
	work_drop(ask->work);
	free(ask);
}

/* One that nothing is due for waits on, at the front. */
static void ask_answer(struct queue_asks *asks, struct ask *ask)
{
	bool answered = asks->answer(asks->queue, ask->work, ask->asker), waits;

	pthread_mutex_lock(&asks->lock);
	waits = !answered && !ask->asker->closed && !asks->ending;
	if (waits)
		ask_put(asks, ask, true);
	asks->ready |= answered; /* there may be more */
	pthread_mutex_unlock(&asks->lock);
	if (!waits)
		ask_free(ask);
}

/* The first of them; with the lock held, which is given up meanwhile. */
static void ask_next(struct queue_asks *asks)
{
	struct ask *ask = ask_pull(asks, &asks->first);

	asks->ready = false;
	pthread_mutex_unlock(&asks->lock);
	ask_answer(asks, ask);
	pthread_mutex_lock(&asks->lock);
}

void queue_asks_defer(void)
{
	deferred = true;
}

void queue_asks_serve(struct queue_asks *asks)
{
	pthread_mutex_lock(&asks->lock);
	/* One for what the caller made due; the next mostly finds that this was all. */
	for (unsigned i = 0; i < 2 && asks->ready && asks->first && !asks->ending; i++)
		ask_next(asks);
	deferred = false;
	asks_wake(asks);
	pthread_mutex_unlock(&asks->lock);
}

static void *asks_run(void *of)
{
	struct queue_asks *asks = of;

	pthread_mutex_lock(&asks->lock);
	while (!asks->ending) {
		if (!asks->ready || !asks->first) {
			pthread_cond_wait(&asks->there, &asks->lock);
			continue;
		}
		ask_next(asks);
	}
	pthread_mutex_unlock(&asks->lock);
	return NULL;
}

void queue_asks_start(struct queue_asks *asks, struct queue *queue)
{
	pthread_attr_t attributes;

	asks->queue = queue;
	queue_asks_ready(asks);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, ASKS_STACK);
	if (pthread_create(&asks->thread, &attributes, asks_run, asks) != 0)
		memory_die("a thread could not be started");
	pthread_attr_destroy(&attributes);
	asks->started = true;
}

void queue_asks_stop(struct queue_asks *asks)
{
	struct ask *ask;

	pthread_mutex_lock(&asks->lock);
	asks->ending = true;
	pthread_cond_signal(&asks->there);
	pthread_mutex_unlock(&asks->lock);
	if (asks->started)
		pthread_join(asks->thread, NULL);
	asks->started = false;
	do {
		pthread_mutex_lock(&asks->lock);
		ask = asks->first ? ask_pull(asks, &asks->first) : NULL;
		pthread_mutex_unlock(&asks->lock);
		if (ask)
			ask_free(ask);
	} while (ask);
}

void queue_asks_free(struct queue_asks *asks)
{
	pthread_mutex_destroy(&asks->lock);
	pthread_cond_destroy(&asks->there);
	free(asks);
}

void queue_asks_keep(struct queue_asker *asker, const struct work *work)
{
	struct queue_asks *asks = asker->asks;
	struct ask *ask = memory_new(sizeof *ask);
	bool kept;

	ask->asker = asker;
	ask->work = work_keep(work);
	pthread_mutex_lock(&asks->lock);
	kept = !asker->closed && !asks->ending && asks->count < ASKS_MAX;
	if (kept) {
		ask_put(asks, ask, false);
		asks_wake(asks);
	}
	pthread_mutex_unlock(&asks->lock);
	if (!kept)
		ask_free(ask);
}

void queue_asks_close(struct queue_asker *asker)
{
	struct queue_asks *asks = asker->asks;
	struct ask *dropped = NULL, *ask;

	pthread_mutex_lock(&asks->lock);
	asker->closed = true;
	for (struct ask **at = &asks->first; *at;) {
		if ((*at)->asker != asker) {
			at = &(*at)->next;
			continue;
		}
		ask = ask_pull(asks, at);
		ask->next = dropped;
		dropped = ask;
	}
	pthread_mutex_unlock(&asks->lock);
	while ((ask = dropped)) {
		dropped = ask->next;
		ask_free(ask);
	}
}
