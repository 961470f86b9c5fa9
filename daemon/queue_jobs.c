/* SPDX-License-Identifier: ISC */
#include "daemon/queue_jobs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/message_queue.h"
#include "daemon/store_role.h"
#include "io/packet.h"

enum { ASKS_MAX = 20000, JOB_STACK = 512 * 1024 };

struct job { /* that a peer has */
	struct job *next;
	uint64_t handle;
	size_t count;
	size_t which[]; /* numbers in the message of the recipients it was told of */
};

struct jobs { /* of a peer; under the lock of the asks */
	struct queue_asks *asks;
	struct job *first;
	bool closed;
};

struct ask {
	struct ask *next;
	struct jobs *jobs;
	struct work *work;
};

struct queue_asks {
	struct queue *queue;
	pthread_mutex_t lock;
	pthread_cond_t there;
	pthread_t thread;
	bool started, ready, ending;
	struct ask *first, **last;
	size_t count;
};

/* ---- what a peer has ---- */

void *queue_jobs_new(struct queue_asks *asks)
{
	struct jobs *jobs = memory_new(sizeof *jobs);

	jobs->asks = asks;
	return jobs;
}

static void jobs_put(struct jobs *jobs, struct job *job)
{
	pthread_mutex_lock(&jobs->asks->lock);
	job->next = jobs->first;
	jobs->first = job;
	pthread_mutex_unlock(&jobs->asks->lock);
}

static struct job *jobs_take(struct jobs *jobs, uint64_t handle)
{
	struct job **at, *job;

	pthread_mutex_lock(&jobs->asks->lock);
	for (at = &jobs->first; *at && (*at)->handle != handle;)
		at = &(*at)->next;
	job = *at;
	if (job)
		*at = job->next;
	pthread_mutex_unlock(&jobs->asks->lock);
	return job;
}

bool queue_jobs_has(void *of, uint64_t handle)
{
	struct jobs *jobs = of;
	const struct job *job;

	pthread_mutex_lock(&jobs->asks->lock);
	for (job = jobs->first; job && job->handle != handle;)
		job = job->next;
	pthread_mutex_unlock(&jobs->asks->lock);
	return job != NULL;
}

void queue_jobs_close(void *of)
{
	struct jobs *jobs = of;
	struct queue_asks *asks = jobs->asks;
	struct ask *dropped = NULL, *ask;

	pthread_mutex_lock(&asks->lock);
	jobs->closed = true;
	for (struct ask **at = &asks->first; (ask = *at);) {
		if (ask->jobs != jobs) {
			at = &ask->next;
			continue;
		}
		*at = ask->next;
		ask->next = dropped;
		dropped = ask;
		asks->count--;
	}
	asks->last = &asks->first;
	while (*asks->last)
		asks->last = &(*asks->last)->next;
	pthread_mutex_unlock(&asks->lock);
	while ((ask = dropped)) {
		dropped = ask->next;
		work_drop(ask->work);
		free(ask);
	}
}

void queue_jobs_free(void *of)
{
	struct jobs *jobs = of;

	for (struct job *job = jobs->first, *next; job; job = next) {
		next = job->next;
		queue_give_back(jobs->asks->queue, &job->handle, 1);
		free(job);
	}
	free(jobs);
}

/* ---- an answer ---- */

/*
 * The recipients that a packet has room for; the others are due again when the job is
 * done. *count says how many.
 */
static void put_job(struct wire_writer *writer, const struct queue_job *job, size_t *count)
{
	static const size_t room = PACKET_BODY_MAX - 2048; /* the rest of the body */
	const struct envelope *whole = &job->message->envelope;
	struct envelope some = *whole;
	struct message_job message = { .handle = job->handle,
				       .kind = (uint8_t)job->hop.kind,
				       .arrived = job->message->arrived,
				       .size = job->message->size,
				       .attempt = job->message->recipients[job->which[0]].attempts };
	char *memory = memory_new(room);
	struct wire_writer envelope;

	memcpy(message.id, job->message->id, sizeof message.id);
	memcpy(message.key, job->hop.key, sizeof message.key);
	memcpy(message.server, job->message->server, sizeof message.server);
	some.count = job->count < MESSAGE_RECIPIENTS_MAX ? job->count : MESSAGE_RECIPIENTS_MAX;
	some.recipients = memory_array(some.count, sizeof *some.recipients);
	for (size_t i = 0; i < some.count; i++)
		some.recipients[i] = whole->recipients[job->which[i]];
	for (;; some.count = some.count * 3 / 4) {
		wire_writer_init(&envelope, memory, room);
		message_put_envelope(&envelope, job->message->server, &some);
		if (!envelope.failed || some.count <= 1)
			break;
	}
	message.envelope = span_make(memory, envelope.used);
	message_put_job(writer, &message);
	*count = some.count;
	free(some.recipients);
	free(memory);
}

/* It is the peer's before it is sent: when it cannot be, the peer is gone, and it goes back. */
static void answer_job(struct work *work, struct jobs *jobs, const struct queue_job *job)
{
	char *memory = memory_new(PACKET_BODY_MAX);
	struct wire_writer writer;
	struct job *own;
	size_t count;

	wire_writer_init(&writer, memory, PACKET_BODY_MAX);
	put_job(&writer, job, &count);
	own = memory_new(sizeof *own + count * sizeof *own->which);
	own->handle = job->handle;
	own->count = count;
	memcpy(own->which, job->which, count * sizeof *own->which);
	jobs_put(jobs, own);
	work_answer(work, &writer, job->fd);
	free(memory);
}

static void answer_none(struct work *work)
{
	char memory[256];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_job(&writer, &(struct message_job){ .handle = 0 });
	work_answer(work, &writer, -1);
}

/* ---- asks that wait ---- */

struct queue_asks *queue_asks_new(void)
{
	struct queue_asks *asks = memory_new(sizeof *asks);

	pthread_mutex_init(&asks->lock, NULL);
	pthread_cond_init(&asks->there, NULL);
	asks->last = &asks->first;
	return asks;
}

void queue_asks_ready(struct queue_asks *asks)
{
	pthread_mutex_lock(&asks->lock);
	asks->ready = true;
	pthread_cond_signal(&asks->there);
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

static struct ask *ask_pop(struct queue_asks *asks)
{
	struct ask *ask = asks->first;

	asks->first = ask->next;
	if (!asks->first)
		asks->last = &asks->first;
	asks->count--;
	return ask;
}

/* False: nothing was due, and the ask waits on, at the front. */
static bool ask_answer(struct queue_asks *asks, struct ask *ask)
{
	struct queue_job *job = queue_take(asks->queue, NULL);
	bool waits = false;

	if (job) {
		answer_job(ask->work, ask->jobs, job);
		queue_job_free(job);
	}
	pthread_mutex_lock(&asks->lock);
	if (!job && !ask->jobs->closed && !asks->ending) {
		ask_put(asks, ask, true);
		waits = true;
	}
	asks->ready |= job != NULL; /* there may be more */
	pthread_mutex_unlock(&asks->lock);
	if (waits)
		return false;
	work_drop(ask->work);
	free(ask);
	return true;
}

static void *asks_run(void *of)
{
	struct queue_asks *asks = of;
	struct ask *ask;

	pthread_mutex_lock(&asks->lock);
	while (!asks->ending) {
		if (!asks->ready || !asks->first) {
			pthread_cond_wait(&asks->there, &asks->lock);
			continue;
		}
		asks->ready = false;
		ask = ask_pop(asks);
		pthread_mutex_unlock(&asks->lock);
		(void)ask_answer(asks, ask);
		pthread_mutex_lock(&asks->lock);
	}
	pthread_mutex_unlock(&asks->lock);
	return NULL;
}

void queue_asks_start(struct queue_asks *asks, struct queue *queue)
{
	pthread_attr_t attributes;

	asks->queue = queue;
	asks->ready = true;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, JOB_STACK);
	if (pthread_create(&asks->thread, &attributes, asks_run, asks) != 0)
		memory_die("a thread could not be started");
	pthread_attr_destroy(&attributes);
	asks->started = true;
}

void queue_asks_stop(struct queue_asks *asks)
{
	pthread_mutex_lock(&asks->lock);
	asks->ending = true;
	pthread_cond_signal(&asks->there);
	pthread_mutex_unlock(&asks->lock);
	if (asks->started)
		pthread_join(asks->thread, NULL);
	asks->started = false;
	while (asks->first) {
		struct ask *ask = ask_pop(asks);

		work_drop(ask->work);
		free(ask);
	}
}

void queue_asks_free(struct queue_asks *asks)
{
	pthread_mutex_destroy(&asks->lock);
	pthread_cond_destroy(&asks->there);
	free(asks);
}

/* ---- the kinds ---- */

static void ask_keep(struct queue_asks *asks, struct jobs *jobs, const struct work *work)
{
	struct ask *ask = memory_new(sizeof *ask);
	bool kept;

	ask->jobs = jobs;
	ask->work = work_keep(work);
	pthread_mutex_lock(&asks->lock);
	kept = !jobs->closed && !asks->ending && asks->count < ASKS_MAX;
	if (kept) {
		ask_put(asks, ask, false);
		asks->ready = true;
		pthread_cond_signal(&asks->there);
	}
	pthread_mutex_unlock(&asks->lock);
	if (kept)
		return;
	work_drop(ask->work);
	free(ask);
}

/* What waits for these domains to be fetched (ATRN), now or not at all. */
static void take_by_key(struct work *work, struct jobs *jobs, const struct message_take *take)
{
	struct store_role *role = work->context;
	struct wire_reader reader = wire_reader_of(take->domains);
	char (*keys)[QUEUE_KEY_SIZE] = memory_array(take->count, sizeof *keys);
	const char **list = memory_array(take->count + 1, sizeof *list);
	struct queue_job *job;

	for (uint32_t i = 0; i < take->count; i++) {
		struct span domain = wire_get_span(&reader);

		snprintf(keys[i], sizeof keys[i], "trigger:%.*s", (int)domain.length, domain.at);
		list[i] = keys[i];
	}
	job = queue_take(role->queue, list);
	if (job)
		answer_job(work, jobs, job);
	else
		answer_none(work);
	queue_job_free(job);
	free(list);
	free(keys);
}

bool queue_handle_take(struct work *work)
{
	struct store_role *role = work->context;
	const struct store_peer *peer = work_own(work);
	struct message_take take;

	if (!message_get_take(work_body(work), &take))
		return false;
	if (take.count > 0)
		take_by_key(work, peer->jobs, &take);
	else if (work->permit->from == ROLE_RELAY)
		ask_keep(role->asks, peer->jobs, work);
	else
		return false; /* who talks to strangers gets only what somebody may fetch */
	return true;
}

/* Numbers in the job become numbers in the message; false: one is none. */
static bool results_read(const struct message_done *done, const struct job *job,
			 struct queue_result *results)
{
	struct wire_reader reader = wire_reader_of(done->results);

	for (uint32_t i = 0; i < done->count; i++) {
		if (!message_get_queue_result(&reader, &results[i]) ||
		    results[i].recipient >= job->count)
			return false;
		results[i].recipient = job->which[results[i].recipient];
	}
	return true;
}

static bool end_job(struct work *work, const struct message_done *done, const struct job *job)
{
	struct store_role *role = work->context;
	struct queue_result *results = memory_array(done->count, sizeof *results);
	struct queue_failure failure = { 0 };
	struct message_result result = { .outcome = OUTCOME_OK };
	bool good = results_read(done, job, results);

	if (good) {
		result.outcome = queue_done(role->queue, job->handle, results, done->count,
					    done->dead == 1, &failure);
		if (result.outcome != OUTCOME_OK)
			log_error("queue.done", LOG_TEXT("why", failure.reason),
				  LOG_NUMBER("disk_full", failure.full));
		result.flags = failure.full ? MESSAGE_RESULT_FULL : 0;
		store_answer(work, &result, -1);
	} else {
		queue_give_back(role->queue, &job->handle, 1);
	}
	free(results);
	return good;
}

bool queue_handle_done(struct work *work)
{
	const struct store_peer *peer = work_own(work);
	struct message_done done;
	struct job *job;
	bool good;

	if (!message_get_done(work_body(work), &done))
		return false;
	job = jobs_take(peer->jobs, done.handle);
	if (!job) {
		store_answer(work, &(struct message_result){ OUTCOME_TEMP, MESSAGE_RESULT_GONE, 0 }, -1);
		return true;
	}
	good = end_job(work, &done, job);
	free(job);
	return good;
}
