/* SPDX-License-Identifier: ISC */
#include "queue/jobs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static uint32_t slot_free(struct queue *queue)
{
	uint32_t slot = 0;

	if (queue->taken_used == queue->taken_count) {
		uint32_t more = queue->taken_count ? queue->taken_count * 2 : 16;

		slot = queue->taken_count;
		queue->taken = memory_grow(queue->taken, more, sizeof *queue->taken);
		memset(queue->taken + slot, 0, (more - slot) * sizeof *queue->taken);
		queue->taken_count = more;
		return slot;
	}
	/* From behind the last one that was found: jobs end in about the order they began. */
	for (slot = queue->taken_turn % queue->taken_count; queue->taken[slot].used;)
		slot = (slot + 1) % queue->taken_count;
	queue->taken_turn = slot + 1;
	return slot;
}

bool *jobs_of_others(const struct queue *queue, uint32_t message, uint32_t leg, size_t count)
{
	uint32_t at = AT_MESSAGE(queue, message)->leg;
	bool *under_way;

	while (at != 0 && (at == leg || !(AT_LEG(queue, at)->flags & LEG_TAKEN)))
		at = AT_LEG(queue, at)->next;
	if (at == 0)
		return NULL;
	under_way = memory_array(count, sizeof *under_way);
	jobs_mark(queue, message, AT_MESSAGE(queue, message)->serial, under_way);
	return under_way;
}

/* With the lock held. True: something was left out. */
static bool leave_out(const struct queue *queue, uint32_t message, uint32_t leg,
		      struct queue_job *job)
{
	bool *under_way = jobs_of_others(queue, message, leg, job->message->envelope.count);
	size_t count = 0, before = job->count;

	if (under_way == NULL)
		return false;
	for (size_t i = 0; i < before; i++)
		if (!under_way[job->which[i]])
			job->which[count++] = job->which[i];
	job->count = count;
	free(under_way);
	return count < before;
}

/* NULL: nobody wants to hear of success. */
static bool *wanted_of(const struct queue_job *job)
{
	bool *wanted = NULL;

	for (size_t i = 0; i < job->count; i++)
		if (job->message->envelope.recipients[job->which[i]].notify &
		    ENVELOPE_NOTIFY_SUCCESS) {
			if (wanted == NULL)
				wanted = memory_array(job->count, sizeof *wanted);
			wanted[i] = true;
		}
	return wanted;
}

void job_clear(struct taken *job)
{
	free(job->which);
	free(job->wanted);
	free(job->results);
}

uint64_t jobs_add(struct queue *queue, uint32_t leg, uint32_t message, struct queue_job *job,
		  bool all)
{
	struct taken *taken;
	uint32_t slot, serial;

	queue_lock(queue);
	if (leave_out(queue, message, leg, job))
		all = false;
	if (job->count == 0) {
		queue_unlock(queue);
		return 0;
	}
	slot = slot_free(queue);
	taken = &queue->taken[slot];
	taken->used = true;
	taken->all = all;
	taken->final = job->hop.kind == QUEUE_HOP_LOCAL || strncmp(job->hop.key, "lmtp:", 5) == 0;
	serial = taken->serial = ++queue->serial;
	taken->rules = queue->rules;
	taken->leg = leg;
	taken->message = message;
	taken->message_serial = AT_MESSAGE(queue, message)->serial;
	taken->count = job->count;
	taken->which = memory_array(job->count, sizeof *taken->which);
	memcpy(taken->which, job->which, job->count * sizeof *taken->which);
	taken->wanted = wanted_of(job);
	queue->taken_used++;
	queue_unlock(queue);
	return (uint64_t)serial << 32 | (slot + 1);
}

struct taken *jobs_find(struct queue *queue, uint64_t handle)
{
	uint32_t slot = (uint32_t)handle - 1;

	if (slot >= queue->taken_count || !queue->taken[slot].used ||
	    queue->taken[slot].serial != (uint32_t)(handle >> 32))
		return NULL;
	return &queue->taken[slot];
}

static void job_drop(struct queue *queue, struct taken *taken, struct taken *job)
{
	*job = *taken;
	memset(taken, 0, sizeof *taken);
	queue->taken_used--;
}

bool jobs_end(struct queue *queue, uint64_t handle, struct taken *job)
{
	struct taken *taken = jobs_find(queue, handle);

	if (taken == NULL)
		return false;
	job_drop(queue, taken, job);
	return true;
}

void jobs_keep(struct queue *queue, const struct taken *job)
{
	struct taken *taken = &queue->taken[slot_free(queue)];

	*taken = *job;
	taken->used = true;
	taken->serial = ++queue->serial;
	queue->taken_used++;
	queue->unwritten++;
}

static struct taken *unwritten_first(const struct queue *queue)
{
	struct taken *first = NULL;

	for (uint32_t i = 0; queue->unwritten > 0 && i < queue->taken_count; i++) {
		struct taken *taken = &queue->taken[i];

		if (taken->results != NULL && (first == NULL || taken->again < first->again))
			first = taken;
	}
	return first;
}

bool jobs_unwritten(struct queue *queue, uint32_t by, struct taken *job)
{
	struct taken *taken = unwritten_first(queue);

	if (taken == NULL || taken->again > by)
		return false;
	job_drop(queue, taken, job);
	queue->unwritten--;
	return true;
}

uint32_t jobs_unwritten_due(const struct queue *queue)
{
	const struct taken *taken = unwritten_first(queue);

	return taken != NULL ? taken->again : UINT32_MAX;
}

void jobs_mark(const struct queue *queue, uint32_t message, uint32_t serial, bool *under_way)
{
	for (uint32_t i = 0; i < queue->taken_count; i++) {
		const struct taken *taken = &queue->taken[i];

		if (taken->used && taken->message == message && taken->message_serial == serial)
			for (size_t n = 0; n < taken->count; n++)
				under_way[taken->which[n]] = true;
	}
}

/* -1: there is no such job. */
static int job_file(struct queue *queue, uint64_t handle, struct place *place)
{
	const struct taken *taken;
	int fd = -1;

	queue_lock(queue);
	taken = jobs_find(queue, handle);
	if (taken != NULL)
		index_place(queue, taken->message, place);
	queue_unlock(queue);
	if (taken != NULL)
		fd = place_open(place, O_RDONLY);
	return fd;
}

int queue_job_head(struct queue *queue, uint64_t handle, struct queue_message *head)
{
	char records[4096]; /* more than the first two have */
	struct place place;
	int fd = job_file(queue, handle, &place);
	ssize_t got;

	if (fd < 0)
		return -1;
	memset(head, 0, sizeof *head);
	head->size = place.size;
	got = pread(fd, records, sizeof records, (off_t)place.size);
	if (got > 0 && record_read_head(span_make(records, (size_t)got), head))
		return fd;
	close(fd);
	return -1;
}

int queue_job_open(struct queue *queue, uint64_t handle, struct queue_message **message)
{
	char name[RECORD_NAME_SIZE];
	struct place place;
	int fd = job_file(queue, handle, &place);

	if (fd < 0)
		return -1;
	record_name(place.id, place.size, name);
	*message = queue_message_read(fd, name);
	if (*message != NULL)
		return fd;
	close(fd);
	return -1;
}
