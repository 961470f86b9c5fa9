/* SPDX-License-Identifier: ISC */
/* power_driver's mail that waits. The others it is for are the boxes from 100 on. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/power_driver.h"

#define OTHERS  8
#define FIRST   100
#define MEMBERS 2 /* of the list that some of them turn out to be */

static const char *const keys[] = { "far.example", "near.example", NULL };
static const char again[] = "come again";

static void hop_of(void *context, const char *server, const struct envelope_recipient *recipient,
		   struct queue_hop *hop)
{
	(void)context;
	(void)server;
	hop->kind = QUEUE_HOP_SMTP;
	snprintf(hop->key, sizeof hop->key, "%s", recipient->address.domain);
}

static bool limits_of(void *context, const char *server, struct queue_limits *limits)
{
	(void)context;
	(void)server;
	*limits = (struct queue_limits){ .connections = 16,
					 .connections_per_domain = 8,
					 .messages_per_connection = 2,
					 .recipients = 100,
					 .retry = { 1 },
					 .retry_count = 1,
					 .expiry = 1000000,
					 .local_expiry = 1000000 };
	return true;
}

static void ready(void *context)
{
	(void)context;
}

static void add_recipient(struct envelope *envelope, const char *text)
{
	struct address address;
	const char *why;

	if (!address_parse(span_text(text), &address, &why))
		abort();
	(void)envelope_add(envelope, &address);
}

/* As the gateway does: a new message, without a sender; here its recipient says what it is about.
 */
static enum outcome report(void *context, const struct queue_message *message, int fd,
			   const struct queue_event *events, size_t count)
{
	static atomic_uint reports;
	struct queue *queue = *(struct queue **)context;
	struct envelope envelope;
	char id[QUEUE_ID_SIZE], text[TEXT], to[128];
	int spool = queue_spool(queue, NULL);
	enum outcome outcome = OUTCOME_TEMP;
	size_t length;

	(void)fd;
	snprintf(id, sizeof id, "r%u.%u", (unsigned)getpid(), atomic_fetch_add(&reports, 1));
	length = text_fill(text, id);
	envelope_init(&envelope);
	envelope.has_sender = true;
	for (size_t i = 0; i < count; i++) {
		snprintf(to, sizeof to, "%s.%s@told.example",
			 message->envelope.recipients[events[i].recipient].address.local,
			 message->id);
		add_recipient(&envelope, to);
	}
	if (spool >= 0 && write(spool, text, length) == (ssize_t)length)
		outcome = queue_add(queue, spool, false, "server", id, &envelope, NULL);
	if (spool >= 0)
		close(spool);
	envelope_clear(&envelope);
	return outcome;
}

struct queue *queue_below(const char *root)
{
	static const struct queue_calls calls = { hop_of, limits_of, ready, report, NULL, NULL };
	static struct queue *queue; /* one at a time */
	char path[600];

	snprintf(path, sizeof path, "%s/queue", root);
	return queue = queue_open(path, &calls, &queue, NULL);
}

static void envelope_make(struct envelope *envelope, unsigned first, unsigned count)
{
	char to[64];

	envelope_init(envelope);
	envelope->has_sender = true;
	for (unsigned i = 0; i < count; i++) {
		unsigned number = (first + i) % OTHERS;

		snprintf(to, sizeof to, "%u@%s", FIRST + number, keys[number % 2]);
		add_recipient(envelope, to);
	}
}

/* The queue's copy first, as the store role does. */
static enum outcome deliver_both(struct queue *queue, struct store *store, int fd,
				 const char *token, const struct envelope *envelope, unsigned first,
				 unsigned count)
{
	enum outcome outcome;
	struct queue_prepared *prepared =
		queue_prepare(queue, fd, true, "server", token, envelope, &outcome, NULL);

	if (prepared == NULL)
		return outcome;
	outcome = boxes_deliver(store, fd, token, first, count);
	if (outcome == OUTCOME_OK)
		queue_commit(queue, prepared);
	else
		queue_withdraw(queue, prepared);
	return outcome;
}

void queue_deliver(struct queue *queue, struct store *store, const char *token, unsigned first,
		   unsigned count)
{
	unsigned others = 1 + (first + count) % 3;
	struct envelope envelope;
	enum outcome outcome = OUTCOME_TEMP;
	int fd;

	envelope_make(&envelope, first, others);
	say("SENT", token, FIRST + first % OTHERS, others);
	if (count > 0)
		say("SENT", token, first, count);
	fd = spool_filled(store, token);
	if (fd >= 0 && count > 0)
		outcome = deliver_both(queue, store, fd, token, &envelope, first, count);
	else if (fd >= 0)
		outcome = queue_add(queue, fd, false, "server", token, &envelope, NULL);
	if (fd >= 0 && outcome == OUTCOME_OK)
		store_spool_forget(store, fd);
	if (outcome == OUTCOME_OK) {
		say("ACKED", token, FIRST + first % OTHERS, others);
		if (count > 0)
			say("ACKED", token, first, count);
	}
	if (fd >= 0)
		close(fd);
	envelope_clear(&envelope);
}

static unsigned other_of(const struct queue_message *message, size_t recipient)
{
	return (unsigned)atoi(message->envelope.recipients[recipient].address.local);
}

/* The job's first recipient becomes two others: as soon as that is said to be so, they have to be
 * there. */
static bool expand_first(struct queue *queue, const struct queue_job *job)
{
	/* A message has three of the eight at most, side by side: these two are none of them. */
	unsigned first = other_of(job->message, job->which[0]) - FIRST + OTHERS / 2;
	struct envelope others;

	envelope_make(&others, first, MEMBERS);
	say("REMOVE", job->message->id, other_of(job->message, job->which[0]), 1);
	say("SENT", job->message->id, FIRST + first % OTHERS, MEMBERS);
	if (queue_expand(queue, job->handle, job->which[0], others.recipients, others.count,
			 NULL) == OUTCOME_OK)
		say("ACKED", job->message->id, FIRST + first % OTHERS, MEMBERS);
	envelope_clear(&others);
	return true;
}

/* Some come through, some have to wait, some never will; and now and then the one who took it dies.
 */
void queue_work_off(struct queue *queue, unsigned dice)
{
	struct queue_job *job = queue_take(queue, keys);
	struct queue_result results[OTHERS] = { 0 };
	bool expanded;

	if (job == NULL)
		return;
	expanded = dice / 131072 % 4 == 0 && job->message->envelope.count < OTHERS / 2 &&
		   !job->message->envelope.recipients[job->which[0]].member &&
		   expand_first(queue, job);
	for (size_t i = expanded; i < job->count; i++, dice = dice * 1103515245 + 12345) {
		static const char *const words[] = { "REMOVE", NULL, "FAIL" };
		enum queue_verdict verdict = (enum queue_verdict)(dice / 65536 % 3);

		results[i] = (struct queue_result){ .recipient = job->which[i],
						    .verdict = verdict,
						    .status = "4.0.0",
						    .text = "for a while" };
		if (words[verdict] != NULL)
			say(words[verdict], job->message->id, other_of(job->message, job->which[i]),
			    1);
	}
	if (dice / 65536 % 5 == 0)
		queue_give_back(queue, &job->handle, 1);
	else
		(void)queue_done(queue, job->handle, results + expanded, job->count - expanded,
				 false, NULL);
	queue_job_free(job);
}

static bool is_whole(const struct queue_message *message, int fd)
{
	char text[TEXT], wanted[TEXT];
	size_t length = text_fill(wanted, message->id);

	return message->size == length && pread(fd, text, length, 0) == (ssize_t)length &&
	       memcmp(text, wanted, length) == 0;
}

static bool say_waiting(void *context, const struct queue_message *message, int fd)
{
	size_t *files = context;

	++*files;
	if (!is_whole(message, fd))
		printf("TORN queue %s\n", message->id);
	printf("READ %s\n", message->id);
	for (size_t i = 0; i < message->envelope.count; i++) {
		const char *local = message->envelope.recipients[i].address.local;
		const char *dot = strchr(local, '.');

		if (message->recipients[i].state != QUEUE_WAITING)
			continue;
		if (dot != NULL)
			printf("TOLD %.*s %s\n", (int)(dot - local), local, dot + 1);
		else
			printf("HAS %s %s\n", local, message->id);
	}
	return true;
}

static bool say_deaf(void *context, const struct queue_message *message, int fd)
{
	(void)context;
	(void)fd;
	for (size_t i = 0; i < message->envelope.count; i++)
		if (message->recipients[i].state == QUEUE_WAITING &&
		    strcmp(message->recipients[i].text, again) != 0)
			printf("DEAF %s\n", message->id);
	return true;
}

/* Whatever stands behind a message, what is written now is read. */
static void goes_on(struct queue *queue)
{
	static const char *const all[] = { "far.example", "near.example", "told.example", NULL };
	struct queue_job *jobs[200];
	struct queue_result results[OTHERS] = { 0 };
	size_t count = 0;

	while (count < 200 && (jobs[count] = queue_take(queue, all)) != NULL)
		count++;
	while (count > 0) {
		struct queue_job *job = jobs[--count];

		for (size_t i = 0; i < job->count; i++) {
			results[i] = (struct queue_result){ .recipient = job->which[i],
							    .verdict = QUEUE_LATER };
			snprintf(results[i].text, sizeof results[i].text, "%s", again);
		}
		if (queue_done(queue, job->handle, results, job->count, false, NULL) != OUTCOME_OK)
			printf("DEAF %s\n", job->message->id);
		queue_job_free(job);
	}
}

static struct queue_totals loaded(struct queue *queue)
{
	static const struct timespec moment = { 0, 1000000 };
	struct queue_totals totals;

	for (queue_total(queue, &totals); totals.loading; queue_total(queue, &totals))
		nanosleep(&moment, NULL);
	return totals;
}

void queue_check(const char *root)
{
	struct queue *queue = queue_below(root);
	size_t files = 0, known;
	char path[600];

	if (queue == NULL) {
		printf("BROKEN queue\n");
		return;
	}
	known = loaded(queue).messages;
	snprintf(path, sizeof path, "%s/queue", root);
	if (!queue_visit(path, say_waiting, &files, NULL) || known > files)
		printf("BROKEN queue: %zu known, %zu files\n", known, files);
	goes_on(queue);
	(void)queue_visit(path, say_deaf, NULL, NULL);
	queue_close(queue);
}
