/* SPDX-License-Identifier: ISC */
/*
 * A recipient becomes others. They stand in the file in one record, durably, before anybody
 * hears of them: whole or not at all.
 */
#include "queue/queue_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "queue/jobs.h"
#include "queue/others.h"

struct expanding {
	struct queue *queue;
	uint64_t handle;
	size_t recipient;
	uint32_t number, serial; /* of the message */
	struct place place;
	int fd;
	struct queue_message *content;
	bool gone;
	struct queue_failure *failure;
};

/* With the lock held: does the job have that recipient? */
static struct taken *job_of(const struct expanding *expanding)
{
	struct taken *taken = jobs_find(expanding->queue, expanding->handle);

	for (size_t i = 0; taken != NULL && i < taken->count; i++)
		if (taken->which[i] == expanding->recipient)
			return taken;
	return NULL;
}

static bool find_message(struct expanding *expanding)
{
	const struct taken *taken;

	queue_lock(expanding->queue);
	taken = job_of(expanding);
	if (taken != NULL)
		expanding->number = taken->message;
	queue_unlock(expanding->queue);
	return taken != NULL;
}

/* With its stripe held. False: the job has ended meanwhile. */
static bool begin(struct expanding *expanding)
{
	struct queue *queue = expanding->queue;
	struct taken *taken;

	queue_lock(queue);
	taken = job_of(expanding);
	if (taken != NULL) {
		taken->all = false; /* there will be more */
		expanding->serial = taken->message_serial;
		index_place(queue, expanding->number, &expanding->place);
	}
	queue_unlock(queue);
	return taken != NULL;
}

static enum outcome read_file(struct expanding *expanding)
{
	char name[RECORD_NAME_SIZE];

	record_name(expanding->place.id, expanding->place.size, name);
	expanding->fd = place_open(&expanding->place, O_RDWR);
	if (expanding->fd >= 0)
		expanding->content = queue_message_read(expanding->fd, name);
	if (expanding->content != NULL && expanding->recipient < expanding->content->envelope.count)
		return OUTCOME_OK;
	return queue_failure_errno(expanding->failure, errno, "cannot read %s", name);
}

/*
 * Those that the message does not have yet; their texts stay whose they are. The recipient itself
 * is no obstacle: who forwards and keeps a copy is one of those he becomes.
 */
static size_t choose(const struct expanding *expanding, const struct envelope_recipient *others,
		     size_t count, struct envelope_recipient *chosen)
{
	const struct envelope *envelope = &expanding->content->envelope;
	struct others *known = others_new(expanding->queue, envelope->count + count);
	size_t used = 0;

	for (size_t i = 0; i < envelope->count; i++)
		if (i != expanding->recipient)
			(void)others_put(known, &envelope->recipients[i].address);
	for (size_t i = 0; i < count; i++)
		if (others_put(known, &others[i].address))
			chosen[used++] = others[i];
	others_free(known);
	return used;
}

/* Durably, or as if nothing had been. */
static bool append(int fd, struct span record)
{
	struct stat before;
	int error;

	if (fstat(fd, &before) != 0)
		return false;
	if (file_append(fd, record) && fdatasync(fd) == 0)
		return true;
	error = errno;
	(void)!ftruncate(fd, before.st_size);
	errno = error;
	return false;
}

/* As the file says it now: what record_more wrote is read back. */
static enum outcome read_again(struct expanding *expanding)
{
	queue_message_free(expanding->content);
	expanding->content = NULL;
	close(expanding->fd);
	return read_file(expanding);
}

static enum outcome write_down(struct expanding *expanding, const struct envelope_recipient *chosen,
			       size_t count, bool list)
{
	struct queue_recipient now = expanding->content->recipients[expanding->recipient];
	struct buffer record = BUFFER_EMPTY;
	bool good;

	now.state = list ? QUEUE_DELIVERED : QUEUE_EXPANDED;
	now.next = 0;
	strcpy(now.status, "2.0.0");
	now.text[0] = now.mta[0] = '\0';
	record_more(&record, expanding->recipient, chosen, count);
	record_state(&record, expanding->recipient, &now);
	good = append(expanding->fd, buffer_span(&record));
	buffer_clear(&record);
	if (good)
		return read_again(expanding);
	return queue_failure_errno(expanding->failure, errno, "cannot write what became of %s",
				   expanding->place.id);
}

/* The record is durable: whatever happens here, the report stays owed. */
static void report(struct expanding *expanding)
{
	struct queue_message *content = expanding->content;
	size_t count = content->envelope.count;
	const struct queue_recipient *recipient = &content->recipients[expanding->recipient];
	struct queue_event event = { .recipient = expanding->recipient,
				     .what = recipient->state == QUEUE_EXPANDED ? QUEUE_SPLIT
										: QUEUE_SUCCESS };
	struct queue_recipient *before;

	if (!recipient->owed)
		return;
	before = memory_array(count, sizeof *before);
	memcpy(before, content->recipients, count * sizeof *before);
	(void)message_settle(expanding->queue, &expanding->place, expanding->fd, content, before,
			     &event, 1, &expanding->gone, expanding->failure);
	free(before);
}

static enum outcome expand(struct expanding *expanding, const struct envelope_recipient *others,
			   size_t count)
{
	enum outcome outcome = read_file(expanding);
	struct envelope_recipient *chosen;
	size_t used;

	if (outcome != OUTCOME_OK ||
	    expanding->content->recipients[expanding->recipient].state != QUEUE_WAITING)
		return outcome;
	if (count > RECORD_RECIPIENTS_MAX - expanding->content->envelope.count)
		return queue_failure_say(expanding->failure, OUTCOME_PERM,
					 "%s would have too many recipients", expanding->place.id);
	chosen = memory_array(count + 1, sizeof *chosen);
	used = choose(expanding, others, count, chosen);
	outcome = write_down(expanding, chosen, used, count == 0);
	free(chosen);
	if (outcome == OUTCOME_OK)
		report(expanding);
	return outcome;
}

enum outcome queue_expand(struct queue *queue, uint64_t handle, size_t recipient,
			  const struct envelope_recipient *others, size_t count,
			  struct queue_failure *failure)
{
	struct expanding expanding = { .queue = queue,
				       .handle = handle,
				       .recipient = recipient,
				       .fd = -1,
				       .failure = failure };
	enum outcome outcome = OUTCOME_PERM;
	pthread_mutex_t *stripe;

	if (!find_message(&expanding))
		return queue_failure_say(failure, OUTCOME_PERM, "no such job");
	stripe = queue_stripe(queue, expanding.number);
	pthread_mutex_lock(stripe);
	if (begin(&expanding)) {
		outcome = expand(&expanding, others, count);
		if (outcome == OUTCOME_OK)
			message_refresh(queue, expanding.number, expanding.serial,
					expanding.content, expanding.gone);
	} else {
		(void)queue_failure_say(failure, OUTCOME_PERM, "no such job");
	}
	pthread_mutex_unlock(stripe);
	if (expanding.fd >= 0)
		close(expanding.fd);
	queue_message_free(expanding.content);
	return outcome;
}
