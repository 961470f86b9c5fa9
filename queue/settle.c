/* SPDX-License-Identifier: ISC */
/* After something has become of recipients: reports, the file, then what is in memory. */
#include "queue/queue_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One whose report cannot be made now stays for it, with what has become of it. */
static void tell(struct queue *queue, int fd, const struct queue_message *content,
		 const struct queue_event *events, size_t count)
{
	bool owed;

	if (count == 0)
		return;
	owed = queue->calls.report(queue->context, content, fd, events, count) == OUTCOME_TEMP;
	for (size_t i = 0; i < count; i++)
		content->recipients[events[i].recipient].owed = owed;
}

static bool state_differs(const struct queue_recipient *a, const struct queue_recipient *b)
{
	return a->state != b->state || a->attempts != b->attempts || a->next != b->next ||
	       strcmp(a->status, b->status) != 0 || strcmp(a->text, b->text) != 0 ||
	       strcmp(a->mta, b->mta) != 0;
}

struct run { /* of recipients of whom the same is to be written, one behind the other */
	size_t first, last;
	bool any;
};

static void run_end(struct buffer *to, struct run *run)
{
	if (run->any && run->last > run->first)
		record_same(to, run->first, run->last);
	run->any = false;
}

static void run_add(struct buffer *to, struct run *run, const struct queue_message *content,
		    size_t number)
{
	const struct queue_recipient *all = content->recipients;

	if (run->any && run->last + 1 == number && !state_differs(&all[run->first], &all[number])) {
		run->last = number;
		return;
	}
	run_end(to, run);
	record_state(to, number, &all[number]);
	*run = (struct run){ number, number, true };
}

static void add_changes(struct buffer *to, const struct queue_message *content,
			const struct queue_recipient *before)
{
	struct run run = { .any = false };

	for (size_t i = 0; i < content->envelope.count; i++) {
		const struct queue_recipient *now = &content->recipients[i];

		if (state_differs(now, &before[i]))
			run_add(to, &run, content, i);
		if (now->moved)
			record_via(to, i, content->envelope.recipients[i].via);
		if (now->delay_told && !before[i].delay_told)
			record_mark(to, "told", i);
		if (now->owed != before[i].owed)
			record_mark(to, now->owed ? "owed" : "paid", i);
	}
	run_end(to, &run);
}

bool message_is_over(const struct queue_message *content)
{
	for (size_t i = 0; i < content->envelope.count; i++)
		if (content->recipients[i].state == QUEUE_WAITING || content->recipients[i].owed)
			return false;
	return true;
}

enum outcome message_settle(struct queue *queue, const struct place *place, int fd,
			    struct queue_message *content, const struct queue_recipient *before,
			    const struct queue_event *events, size_t count, bool *gone,
			    struct queue_failure *failure)
{
	struct buffer changes = BUFFER_EMPTY;
	bool good = true;

	tell(queue, fd, content, events, count);
	*gone = message_is_over(content);
	if (*gone && place_remove(place))
		return OUTCOME_OK;
	if (*gone) {
		*gone = false;
		return queue_failure_errno(failure, errno, "cannot remove %s", place->id);
	}
	add_changes(&changes, content, before);
	if (buffer_used(&changes) > 0)
		good = file_append(fd, buffer_span(&changes));
	buffer_clear(&changes);
	return good ? OUTCOME_OK
		    : queue_failure_errno(failure, errno, "cannot write what became of %s",
					  place->id);
}

void message_refresh(struct queue *queue, uint32_t number, uint32_t serial,
		     const struct queue_message *content, bool gone)
{
	struct queue_hop *hops = content != NULL && !gone ? legs_hops(queue, content) : NULL;

	queue_lock(queue);
	if (index_is(queue, number, serial)) {
		if (gone && !legs_taken(queue, number))
			index_drop(queue, number);
		else if (hops != NULL)
			legs_match(queue, number, content, hops);
		else
			legs_resume(queue, number);
	}
	queue_unlock(queue);
	free(hops);
}
