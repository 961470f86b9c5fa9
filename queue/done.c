/* SPDX-License-Identifier: ISC */
/* What came of a job. */
#include "queue/queue_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "queue/jobs.h"

enum { AGAIN = 10 }; /* seconds, when results could not be written */

struct ending {
	struct queue *queue;
	struct taken job;
	struct place place;
	struct queue_limits limits;
	const struct queue_result *results;
	size_t count;
	uint32_t dead_until; /* 0: the hop answered */
	bool gone;
	struct queue_message *content; /* as the file says now; NULL: not read */
};

/* Of recipient `at` of the job. They mostly come in the order of the job. */
static const struct queue_result *result_of(const struct ending *ending, size_t at)
{
	size_t recipient = ending->job.which[at];

	if (at < ending->count && ending->results[at].recipient == recipient)
		return &ending->results[at];
	for (size_t i = 0; i < ending->count; i++)
		if (ending->results[i].recipient == recipient)
			return &ending->results[i];
	return NULL;
}

static uint32_t pause_of(const struct queue_limits *limits, unsigned failures)
{
	const struct server of = { .limits = *limits };

	return hop_retry(&of, failures);
}

/*
 * Once only: what comes back from there, or whose hop was not understood, waits like all that
 * fails.
 */
static bool take_move(struct queue_message *content, size_t number, const char *via)
{
	struct envelope_recipient *recipient = &content->envelope.recipients[number];

	if (recipient->via != NULL || via[0] == '\0' || strlen(via) >= QUEUE_KEY_SIZE)
		return false;
	recipient->via = memory_text(via);
	content->recipients[number].moved = true;
	content->recipients[number].next = 0;
	return true;
}

static bool take_result(const struct ending *ending, size_t at, struct queue_event *event)
{
	const struct queue_result *result = result_of(ending, at);
	size_t number = ending->job.which[at];
	struct queue_recipient *recipient = &ending->content->recipients[number];

	event->recipient = number;
	if (result != NULL && recipient->state == QUEUE_DELIVERED && recipient->owed) {
		event->what = QUEUE_SUCCESS; /* queue_placed has written it down */
		return true;
	}
	if (result == NULL || recipient->state != QUEUE_WAITING)
		return false;
	if (result->verdict == QUEUE_MOVED && take_move(ending->content, number, result->text))
		return false;
	recipient->attempts++;
	memcpy(recipient->status, result->status, sizeof recipient->status);
	memcpy(recipient->text, result->text, sizeof recipient->text);
	memcpy(recipient->mta, result->mta, sizeof recipient->mta);
	if (result->verdict == QUEUE_LATER || result->verdict == QUEUE_MOVED) {
		recipient->next =
			ending->dead_until != 0
				? ending->dead_until
				: queue_clock() + pause_of(&ending->limits, recipient->attempts);
		return false;
	}
	recipient->next = 0;
	if (result->verdict == QUEUE_NEVER) {
		recipient->state = QUEUE_FAILED;
		event->what = QUEUE_FAILURE;
		return true;
	}
	recipient->state = ending->job.final ? QUEUE_DELIVERED : QUEUE_RELAYED;
	event->what = ending->job.final ? QUEUE_SUCCESS : QUEUE_HANDED_ON;
	return (ending->content->envelope.recipients[number].notify & ENVELOPE_NOTIFY_SUCCESS) &&
	       (ending->job.final || !result->dsn);
}

static bool all_good(const struct ending *ending)
{
	for (size_t i = 0; i < ending->job.count; i++) {
		const struct queue_result *result = result_of(ending, i);

		if (result == NULL || result->verdict != QUEUE_OK)
			return false;
	}
	return true;
}

static enum outcome results_take(struct ending *ending, int fd, struct queue_failure *failure)
{
	const struct queue_message *content = ending->content;
	size_t total = content->envelope.count, count = 0;
	struct queue_event *events = memory_array(ending->job.count, sizeof *events);
	struct queue_recipient *before = memory_array(total, sizeof *before);
	enum outcome outcome;

	memcpy(before, content->recipients, total * sizeof *before);
	for (size_t i = 0; i < ending->job.count; i++)
		if (ending->job.which[i] < total &&
		    take_result(ending, i, &events[count]))
			count++;
	if (ending->job.told)
		count = 0;
	outcome = message_settle(ending->queue, &ending->place, fd, ending->content, before, events,
				 count, &ending->gone, failure);
	if (count > 0 && !content->recipients[events[0].recipient].owed)
		ending->job.told = true;
	free(before);
	free(events);
	return outcome;
}

static enum outcome results_keep(struct ending *ending, struct queue_failure *failure)
{
	char name[RECORD_NAME_SIZE];
	enum outcome outcome = OUTCOME_OK;
	int fd;

	if (ending->job.all && all_good(ending) && place_remove(&ending->place)) {
		ending->gone = true;
		return OUTCOME_OK;
	}
	record_name(ending->place.id, ending->place.size, name);
	fd = place_open(&ending->place, O_RDWR);
	if (fd < 0 && errno == ENOENT) { /* an administrator removed it meanwhile */
		ending->gone = true;
		return OUTCOME_OK;
	}
	if (fd >= 0)
		ending->content = queue_message_read(fd, name);
	if (ending->content != NULL)
		outcome = results_take(ending, fd, failure);
	else
		outcome = queue_failure_errno(failure, errno, "cannot read %s", name);
	if (fd >= 0)
		close(fd);
	return outcome;
}

/* One that many found dead at a time was dead once. */
static void hop_judge(struct ending *ending, bool dead)
{
	struct queue *queue = ending->queue;
	struct hop *hop = AT_HOP(queue, AT_LEG(queue, ending->job.leg)->hop);

	if (!dead) {
		hop->failures = hop->dead_until = 0;
		return;
	}
	if (queue_now() >= hop->dead_until)
		hop->dead_until = queue_now() + pause_of(&ending->limits, ++hop->failures);
	ending->dead_until = hop->dead_until;
}

static bool ending_begin(struct ending *ending, uint64_t handle, bool dead)
{
	struct queue *queue = ending->queue;
	bool found;

	queue_lock(queue);
	found = jobs_end(queue, handle, &ending->job);
	if (found) {
		index_place(queue, ending->job.message, &ending->place);
		ending->limits = ending->place.server->limits;
		hop_judge(ending, dead);
	}
	queue_unlock(queue);
	return found;
}

/* One that must not be sent again, whatever its file says. */
static bool is_final(const struct ending *ending)
{
	for (size_t i = 0; i < ending->count; i++)
		if (ending->results[i].verdict == QUEUE_OK ||
		    ending->results[i].verdict == QUEUE_NEVER)
			return true;
	return false;
}

/* It stays taken, so nobody gets it, until the file can be written. */
static void ending_keep(struct ending *ending)
{
	struct queue *queue = ending->queue;
	struct taken *job = &ending->job;

	if (job->results == NULL) {
		job->results = memory_array(ending->count, sizeof *job->results);
		memcpy(job->results, ending->results, ending->count * sizeof *job->results);
		job->results_count = ending->count;
		job->dead_until = ending->dead_until;
	}
	job->again = queue_now() + AGAIN;
	queue_lock(queue);
	jobs_keep(queue, job);
	pthread_cond_signal(&queue->timers);
	queue_unlock(queue);
}

/* Trouble of ours must not make it go round without a pause. */
static void ending_finish(struct ending *ending, bool good)
{
	struct queue *queue = ending->queue;
	uint32_t later = good ? 0 : queue_now() + pause_of(&ending->limits, 1);

	queue_lock(queue);
	leg_return(queue, ending->job.leg);
	AT_LEG(queue, ending->job.leg)->due = later != 0 ? later : UINT32_MAX;
	queue_unlock(queue);
	message_refresh(queue, ending->job.message, ending->job.message_serial,
			good ? ending->content : NULL, ending->gone);
	job_clear(&ending->job);
}

static enum outcome ending_settle(struct ending *ending, struct queue_failure *failure)
{
	pthread_mutex_t *stripe = queue_stripe(ending->queue, ending->job.message);
	enum outcome outcome;

	pthread_mutex_lock(stripe);
	outcome = results_keep(ending, failure);
	if (outcome == OUTCOME_TEMP && is_final(ending))
		ending_keep(ending);
	else
		ending_finish(ending, outcome == OUTCOME_OK);
	pthread_mutex_unlock(stripe);
	queue_message_free(ending->content);
	return outcome;
}

bool done_again(struct queue *queue, uint32_t by)
{
	struct ending ending = { .queue = queue };
	struct queue_failure failure = { 0 };
	bool found;

	queue_lock(queue);
	found = jobs_unwritten(queue, by, &ending.job);
	if (found) {
		index_place(queue, ending.job.message, &ending.place);
		ending.limits = ending.place.server->limits;
	}
	queue_unlock(queue);
	if (!found)
		return false;
	ending.results = ending.job.results;
	ending.count = ending.job.results_count;
	ending.dead_until = ending.job.dead_until;
	if (ending_settle(&ending, &failure) != OUTCOME_OK)
		log_error("queue.unwritten", LOG_TEXT("id", ending.place.id),
			  LOG_TEXT("why", failure.reason), LOG_NUMBER("disk_full", failure.full));
	return true;
}

enum outcome queue_done(struct queue *queue, uint64_t handle, const struct queue_result *results,
			size_t count, bool dead, struct queue_failure *failure)
{
	struct ending ending = { .queue = queue, .results = results, .count = count };

	if (!ending_begin(&ending, handle, dead))
		return queue_failure_say(failure, OUTCOME_PERM, "no such job");
	return ending_settle(&ending, failure);
}

/* With the lock held: untouched, so it may go at once, as it could before. */
static void job_return(struct queue *queue, const struct taken *job)
{
	const struct leg *leg = AT_LEG(queue, job->leg);
	struct hop *hop = AT_HOP(queue, leg->hop);

	leg_return(queue, job->leg);
	if (hop->kind == QUEUE_HOP_TRIGGER && leg->due == DUE_FORCED &&
	    hop->released <= hop->waiting.count)
		hop->released++;
	legs_resume(queue, job->message);
	if (job->rules != queue->rules) { /* its hop may be another one by now */
		queue->rehop = true;
		pthread_cond_signal(&queue->load);
	}
}

void queue_give_back(struct queue *queue, const uint64_t *handles, size_t count)
{
	struct taken job;

	queue_lock(queue);
	for (size_t i = 0; i < count; i++)
		if (jobs_end(queue, handles[i], &job)) {
			job_return(queue, &job);
			job_clear(&job);
		}
	queue_unlock(queue);
}
