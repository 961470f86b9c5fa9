/* SPDX-License-Identifier: ISC */
/* What goes next becomes a job: one message, the recipients of it that have one next hop. */
#include "queue/queue_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "queue/jobs.h"

enum { AGAIN = 60, SOON = 5 }; /* seconds, when a file cannot be read; for want of descriptors */

struct choice { /* a leg that was picked */
	uint32_t leg, message, serial;
	bool forced, early; /* early: by key, before its time: the others had their turn */
	unsigned recipients;
	struct queue_hop hop;
	struct place place;
};

static bool key_wanted(const struct hop *hop, const char *const *keys)
{
	for (; *keys != NULL; keys++)
		if (hop_matches(hop, *keys))
			return true;
	return false;
}

/* The first that is due of all the keys. Few ask by key, and there are fewer hops than messages. */
static uint32_t leg_by_key(const struct queue *queue, const char *const *keys)
{
	uint32_t first = 0;

	for (uint32_t i = 1; i <= queue->hops.used; i++) {
		const struct hop *hop = AT_HOP(queue, i);

		if (hop->legs > 0 && hop->waiting.count > 0 && key_wanted(hop, keys) &&
		    (first == 0 ||
		     AT_LEG(queue, hop->waiting.items[0])->due < AT_LEG(queue, first)->due))
			first = hop->waiting.items[0];
	}
	return first;
}

static bool leg_pick(struct queue *queue, const char *const *keys, struct choice *choice)
{
	struct server *server;
	struct leg *leg;
	struct hop *hop;

	choice->leg = keys != NULL ? leg_by_key(queue, keys) : hop_next(queue);
	if (choice->leg == 0)
		return false;
	leg = AT_LEG(queue, choice->leg);
	hop = AT_HOP(queue, leg->hop);
	server = queue->servers[hop->server];
	hop_pull(queue, choice->leg);
	leg->flags |= LEG_TAKEN;
	hop->in_flight++;
	server->in_flight++;
	hop_settle(queue, leg->hop);
	timer_set(queue, leg->message);
	choice->message = leg->message;
	choice->serial = AT_MESSAGE(queue, leg->message)->serial;
	choice->forced = keys != NULL || leg->due == DUE_FORCED;
	choice->early = keys != NULL && leg->due > queue_now();
	choice->recipients =
		hop->kind == QUEUE_HOP_LOCAL ? QUEUE_LOCAL_RECIPIENTS : server->limits.recipients;
	choice->hop.kind = (enum queue_hop_kind)hop->kind;
	(void)span_copy(span_text(hop->key), choice->hop.key, sizeof choice->hop.key);
	index_place(queue, leg->message, &choice->place);
	return true;
}

void leg_return(struct queue *queue, uint32_t number)
{
	struct leg *leg = AT_LEG(queue, number);
	struct hop *hop = AT_HOP(queue, leg->hop);
	struct server *server = queue->servers[hop->server];

	leg->flags &= ~(uint32_t)LEG_TAKEN;
	hop->in_flight--;
	/* Others of the server were ready, but it was at its limit. */
	if (server->ready != 0 && server->in_flight >= server->limits.connections)
		queue->ready_now = true;
	server->in_flight--;
}

/* It did not become a job. */
static void leg_put_back(struct queue *queue, const struct choice *choice, int error)
{
	queue_lock(queue);
	leg_return(queue, choice->leg);
	if (error == ENOENT && !legs_taken(queue, choice->message)) {
		index_drop(queue, choice->message);
	} else {
		AT_LEG(queue, choice->leg)->due =
			queue_now() + (error == EMFILE || error == ENFILE ? SOON : AGAIN);
		legs_resume(queue, choice->message);
	}
	queue_unlock(queue);
}

static bool same_hop(const struct queue_hop *a, const struct queue_hop *b)
{
	return a->kind == b->kind && strcmp(a->key, b->key) == 0;
}

/* Those of the hop that are due and do not go already, as many as a transaction may have. */
static void job_choose(struct queue *queue, struct queue_job *job, const struct choice *choice,
		       const struct queue_hop *hops)
{
	size_t count = job->message->envelope.count;
	int64_t now = queue_now();
	bool *under_way;

	queue_lock(queue);
	under_way = jobs_of_others(queue, choice->message, choice->leg, count);
	queue_unlock(queue);
	job->which = memory_array(count, sizeof *job->which);
	for (size_t i = 0; i < count && job->count < choice->recipients; i++) {
		const struct queue_recipient *recipient = &job->message->recipients[i];

		if (recipient->state == QUEUE_WAITING && !(under_way != NULL && under_way[i]) &&
		    (choice->forced || recipient->next <= now) && same_hop(&hops[i], &choice->hop))
			job->which[job->count++] = i;
	}
	free(under_way);
}

/* All that the message waits for, and its sender need not hear of success. */
static bool job_is_all(const struct queue_job *job)
{
	size_t left = 0;

	for (size_t i = 0; i < job->message->envelope.count; i++) {
		left += job->message->recipients[i].state == QUEUE_WAITING ||
			job->message->recipients[i].owed;
		if (job->message->envelope.recipients[i].notify & ENVELOPE_NOTIFY_SUCCESS)
			return false;
	}
	return left == job->count;
}

/* Its recipients go elsewhere by now, or are not due yet: the legs are made anew. */
static void leg_renew(struct queue *queue, const struct choice *choice,
		      const struct queue_message *content, const struct queue_hop *hops)
{
	pthread_mutex_t *stripe = queue_stripe(queue, choice->message);
	bool gone;

	pthread_mutex_lock(stripe);
	/* Who had the last job became others, or was placed, and did not come back to say so. */
	gone = message_is_over(content) && place_remove(&choice->place);
	queue_lock(queue);
	leg_return(queue, choice->leg);
	if (AT_LEG(queue, choice->leg)->due == DUE_FORCED)
		AT_LEG(queue, choice->leg)->due = UINT32_MAX;
	if (gone && !legs_taken(queue, choice->message))
		index_drop(queue, choice->message);
	else
		legs_match(queue, choice->message, content, hops);
	queue_unlock(queue);
	pthread_mutex_unlock(stripe);
}

static struct queue_job *job_make(struct queue *queue, const struct choice *choice)
{
	char name[RECORD_NAME_SIZE];
	struct queue_job *job = memory_new(sizeof *job);
	struct queue_hop *hops = NULL;

	record_name(choice->place.id, choice->place.size, name);
	job->hop = choice->hop;
	job->fd = place_open(&choice->place, O_RDONLY);
	if (job->fd >= 0)
		job->message = queue_message_read(job->fd, name);
	if (job->message == NULL) {
		int error = errno != ENOENT || job->fd < 0 ? errno : EINVAL;

		if (error != ENOENT)
			log_error("queue.take", LOG_TEXT("id", choice->place.id),
				  LOG_TEXT("why", strerror(error)));
		leg_put_back(queue, choice, error);
	} else {
		hops = legs_hops(queue, job->message);
		job_choose(queue, job, choice, hops);
		if (job->count > 0)
			job->handle =
				jobs_add(queue, choice->leg, choice->message, job, job_is_all(job));
		if (job->handle == 0)
			leg_renew(queue, choice, job->message, hops);
	}
	free(hops);
	if (job->handle != 0)
		return job;
	queue_job_free(job);
	return NULL;
}

struct queue_job *queue_take(struct queue *queue, const char *const *keys)
{
	struct queue_job *job = NULL;
	struct choice choice;
	bool found;

	do {
		queue_lock(queue);
		hops_wake(queue);
		found = leg_pick(queue, keys, &choice);
		queue_unlock(queue);
		if (found)
			job = job_make(queue, &choice);
		/* One that cannot be read would be the next one by key again and again. */
	} while (found && job == NULL && !choice.early);
	return job;
}

void queue_job_free(struct queue_job *job)
{
	if (job == NULL)
		return;
	if (job->fd >= 0)
		close(job->fd);
	queue_message_free(job->message);
	free(job->which);
	free(job);
}
