/* SPDX-License-Identifier: ISC */
/*
 * Of a job for mailboxes of ours some are there already: so much is written down at once, for a job
 * may have a thousand, and whoever has it may die. The rest of what came of it queue_done says.
 */
#include "queue/queue_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "queue/jobs.h"

struct placed {
	struct place place;
	uint32_t message;
	struct buffer records;
};

/* With the lock held. Success that somebody wants to hear of is owed, until queue_done tells it. */
static void add_records(struct placed *placed, const struct taken *taken, const size_t *numbers,
			size_t count)
{
	struct queue_recipient now = { .state = QUEUE_DELIVERED, .attempts = 1 };

	snprintf(now.status, sizeof now.status, "2.0.0");
	snprintf(now.text, sizeof now.text, "in the mailbox");
	for (size_t i = 0; i < count; i++) {
		if (numbers[i] >= taken->count)
			continue;
		record_state(&placed->records, taken->which[numbers[i]], &now);
		if (taken->wanted != NULL && taken->wanted[numbers[i]])
			record_mark(&placed->records, "owed", taken->which[numbers[i]]);
	}
}

static bool find(struct queue *queue, uint64_t handle, const size_t *numbers, size_t count,
		 struct placed *placed)
{
	const struct taken *taken;

	queue_lock(queue);
	taken = jobs_find(queue, handle);
	if (taken != NULL) {
		placed->message = taken->message;
		index_place(queue, taken->message, &placed->place);
		add_records(placed, taken, numbers, count);
	}
	queue_unlock(queue);
	return taken != NULL;
}

enum outcome queue_placed(struct queue *queue, uint64_t handle, const size_t *numbers, size_t count,
			  struct queue_failure *failure)
{
	struct placed placed = { .records = BUFFER_EMPTY };
	pthread_mutex_t *stripe;
	bool good;
	int fd;

	if (!find(queue, handle, numbers, count, &placed))
		return queue_failure_say(failure, OUTCOME_PERM, "no such job");
	stripe = queue_stripe(queue, placed.message);
	pthread_mutex_lock(stripe);
	fd = place_open(&placed.place, O_RDWR);
	good = fd >= 0 && file_append(fd, buffer_span(&placed.records));
	if (!good)
		(void)queue_failure_errno(failure, errno, "cannot write what became of %s",
					  placed.place.id);
	pthread_mutex_unlock(stripe);
	if (fd >= 0)
		close(fd);
	buffer_clear(&placed.records);
	return good ? OUTCOME_OK : OUTCOME_TEMP;
}
