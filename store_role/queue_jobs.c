/* SPDX-License-Identifier: ISC */
#include "store_role/queue_jobs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/message_queue.h"
#include "store_role/store_role.h"
#include "io/packet.h"

struct job { /* that a peer has */
	struct job *next;
	uint64_t handle;
	size_t count;
	size_t which[]; /* numbers in the message of the recipients it was told of */
};

struct jobs { /* of a peer */
	struct queue_asker asker;
	pthread_mutex_t lock;
	struct job *first;
};

/* ---- what a peer has ---- */

void *queue_jobs_new(struct queue_asks *asks)
{
	struct jobs *jobs = memory_new(sizeof *jobs);

	jobs->asker.asks = asks;
	pthread_mutex_init(&jobs->lock, NULL);
	return jobs;
}

static void jobs_put(struct jobs *jobs, struct job *job)
{
	pthread_mutex_lock(&jobs->lock);
	job->next = jobs->first;
	jobs->first = job;
	pthread_mutex_unlock(&jobs->lock);
}

static struct job *jobs_take(struct jobs *jobs, uint64_t handle)
{
	struct job **at, *job;

	pthread_mutex_lock(&jobs->lock);
	for (at = &jobs->first; *at && (*at)->handle != handle;)
		at = &(*at)->next;
	job = *at;
	if (job)
		*at = job->next;
	pthread_mutex_unlock(&jobs->lock);
	return job;
}

/* With the lock held. */
static const struct job *jobs_find(const struct jobs *jobs, uint64_t handle)
{
	const struct job *job = jobs->first;

	while (job && job->handle != handle)
		job = job->next;
	return job;
}

size_t queue_jobs_count(void *of, uint64_t handle)
{
	struct jobs *jobs = of;
	const struct job *job;
	size_t count;

	pthread_mutex_lock(&jobs->lock);
	job = jobs_find(jobs, handle);
	count = job ? job->count : 0;
	pthread_mutex_unlock(&jobs->lock);
	return count;
}

bool queue_jobs_recipient(void *of, uint64_t handle, size_t recipient, size_t *number)
{
	struct jobs *jobs = of;
	const struct job *job;
	bool found;

	pthread_mutex_lock(&jobs->lock);
	job = jobs_find(jobs, handle);
	found = job && recipient < job->count;
	if (found)
		*number = job->which[recipient];
	pthread_mutex_unlock(&jobs->lock);
	return found;
}

void queue_jobs_close(void *of)
{
	struct jobs *jobs = of;

	queue_asks_close(&jobs->asker);
}

void queue_jobs_free(void *of)
{
	struct jobs *jobs = of;

	for (struct job *job = jobs->first, *next; job; job = next) {
		next = job->next;
		queue_give_back(queue_asks_queue(jobs->asker.asks), &job->handle, 1);
		free(job);
	}
	pthread_mutex_destroy(&jobs->lock);
	free(jobs);
}

/* ---- an answer ---- */

/*
 * The recipients that a packet has room for; the others are due again when the job is
 * done. *count says how many.
 */
static void put_job(struct wire_writer *writer, const struct queue_job *job, size_t *count)
{
	const struct envelope *whole = &job->message->envelope;
	struct envelope some = *whole;
	struct message_job message = { .handle = job->handle,
				       .kind = (uint8_t)job->hop.kind,
				       .arrived = job->message->arrived,
				       .size = job->message->size,
				       .attempt = job->message->recipients[job->which[0]].attempts };
	char memory[PACKET_BODY_MAX - 2048]; /* the rest is for the other fields */
	struct wire_writer envelope;

	memcpy(message.id, job->message->id, sizeof message.id);
	memcpy(message.key, job->hop.key, sizeof message.key);
	memcpy(message.server, job->message->server, sizeof message.server);
	some.count = job->count < MESSAGE_RECIPIENTS_MAX ? job->count : MESSAGE_RECIPIENTS_MAX;
	some.recipients = memory_array(some.count, sizeof *some.recipients);
	for (size_t i = 0; i < some.count; i++)
		some.recipients[i] = whole->recipients[job->which[i]];
	for (;; some.count = some.count * 3 / 4) {
		wire_writer_init(&envelope, memory, sizeof memory);
		message_put_envelope(&envelope, job->message->server, &some);
		if (!envelope.failed || some.count <= 1)
			break;
	}
	message.envelope = span_make(memory, envelope.used);
	message_put_job(writer, &message);
	*count = some.count;
	free(some.recipients);
}

/* It is the peer's before it is sent: when it cannot be, the peer is gone, and it goes back. */
static void answer_job(struct work *work, struct jobs *jobs, const struct queue_job *job)
{
	char memory[PACKET_BODY_MAX]; /* not cleared: most jobs are small */
	struct wire_writer writer;
	struct job *own;
	size_t count;

	wire_writer_init(&writer, memory, sizeof memory);
	put_job(&writer, job, &count);
	own = memory_new(sizeof *own + count * sizeof *own->which);
	own->handle = job->handle;
	own->count = count;
	memcpy(own->which, job->which, count * sizeof *own->which);
	jobs_put(jobs, own);
	work_answer(work, &writer, job->fd);
}

static void answer_none(struct work *work)
{
	char memory[256];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_job(&writer, &(struct message_job){ .handle = 0 });
	work_answer(work, &writer, -1);
}

bool queue_jobs_answer(struct queue *queue, struct work *work, struct queue_asker *asker)
{
	struct queue_job *job = queue_take(queue, NULL);

	if (!job)
		return false;
	answer_job(work, (struct jobs *)asker, job); /* the asker is its first part */
	queue_job_free(job);
	return true;
}

/* ---- the kinds ---- */

/* What waits for these domains to be fetched (ATRN), now or not at all. */
static void take_by_key(struct work *work, struct jobs *jobs, const struct message_take *take)
{
	struct store_role *role = work->context;
	struct wire_reader reader = wire_reader_of(take->domains);
	char(*keys)[QUEUE_KEY_SIZE] = memory_array(take->count, sizeof *keys);
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
	const struct store_peer *peer = work_own(work);
	struct jobs *jobs = peer->jobs;
	struct message_take take;

	if (!message_get_take(work_body(work), &take))
		return false;
	if (take.count > 0)
		take_by_key(work, jobs, &take);
	else if (work->permit->from == ROLE_RELAY)
		queue_asks_keep(&jobs->asker, work);
	else
		return false; /* who talks to strangers gets only what somebody may fetch */
	return true;
}

bool queue_take_at_once(struct work *work)
{
	const struct store_peer *peer = work_own(work);
	struct jobs *jobs;
	struct message_take take;

	if (work->permit->kind != MESSAGE_TAKE || work->permit->from != ROLE_RELAY ||
	    !message_get_take(work_body(work), &take) || take.count > 0)
		return false;
	jobs = peer->jobs;
	queue_asks_keep(&jobs->asker, work);
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

	queue_asks_defer();
	if (good && done->count == 0 && !done->dead) {
		queue_give_back(role->queue, &job->handle, 1);
		store_answer(work, &result, -1);
	} else if (good) {
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
	queue_asks_serve(role->asks);
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
		store_answer(work, &(struct message_result){ OUTCOME_TEMP, MESSAGE_RESULT_GONE, 0 },
			     -1);
		return true;
	}
	good = end_job(work, &done, job);
	free(job);
	return good;
}
