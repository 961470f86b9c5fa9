/* SPDX-License-Identifier: ISC */
/* A queue in a fresh directory below /tmp, a clock that stands still, and who is asked by it. */
#ifndef TESTS_UNIT_QUEUE_QUEUE_HELP_H
#define TESTS_UNIT_QUEUE_QUEUE_HELP_H

#include "queue/queue_private.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/spool.h"

enum { EVENTS_MAX = 64 };

struct scene {
	char root[64], path[96];
	struct queue *queue;
	struct queue_limits limits;
	pthread_mutex_t lock;
	enum outcome report; /* what the next reports say */
	size_t reports, events_count;
	struct queue_event events[EVENTS_MAX];
	char report_id[QUEUE_ID_SIZE];
	char moved[64]; /* a domain whose hop is "elsewhere" by the rules of now */
	atomic_size_t ready;
};

static atomic_llong scene_now = 1800000000;

static inline int64_t scene_clock(void)
{
	return atomic_load(&scene_now);
}

static inline void scene_hop(void *context, const char *server,
			     const struct envelope_recipient *recipient, struct queue_hop *hop)
{
	struct scene *scene = context;
	const char *domain = recipient->address.domain;

	(void)server;
	pthread_mutex_lock(&scene->lock);
	hop->kind = QUEUE_HOP_SMTP;
	if (recipient->via != NULL) {
		snprintf(hop->key, sizeof hop->key, "%s", recipient->via);
	} else if (strcmp(domain, "corp.example") == 0) {
		hop->kind = QUEUE_HOP_LOCAL;
		snprintf(hop->key, sizeof hop->key, "local");
	} else if (strncmp(domain, "trigger", 7) == 0) {
		hop->kind = QUEUE_HOP_TRIGGER;
		snprintf(hop->key, sizeof hop->key, "trigger:%s", domain);
	} else {
		snprintf(hop->key, sizeof hop->key, "%s",
			 strcmp(domain, scene->moved) == 0 ? "elsewhere" : domain);
	}
	pthread_mutex_unlock(&scene->lock);
}

static inline bool scene_limits(void *context, const char *server, struct queue_limits *limits)
{
	struct scene *scene = context;

	if (strcmp(server, "gone") == 0)
		return false;
	pthread_mutex_lock(&scene->lock);
	*limits = scene->limits;
	pthread_mutex_unlock(&scene->lock);
	return true;
}

static inline void scene_ready(void *context)
{
	struct scene *scene = context;

	atomic_fetch_add(&scene->ready, 1);
}

static inline enum outcome scene_report(void *context, const struct queue_message *message, int fd,
					const struct queue_event *events, size_t count)
{
	struct scene *scene = context;
	enum outcome outcome;

	assert_true(fcntl(fd, F_GETFD) >= 0);
	pthread_mutex_lock(&scene->lock);
	outcome = scene->report;
	scene->reports++;
	snprintf(scene->report_id, sizeof scene->report_id, "%s", message->id);
	for (size_t i = 0; i < count && scene->events_count < EVENTS_MAX; i++)
		scene->events[scene->events_count++] = events[i];
	pthread_mutex_unlock(&scene->lock);
	return outcome;
}

static inline bool scene_own(void *context, const char *domain)
{
	(void)context;
	return strcmp(domain, "corp.example") == 0;
}

static const struct queue_calls scene_calls = { scene_hop,    scene_limits, scene_ready,
						scene_report, NULL,	    scene_own };

/* Waits until all is read that is on disk. */
static inline void scene_loaded(struct scene *scene)
{
	struct queue_totals totals;

	for (;;) {
		queue_total(scene->queue, &totals);
		if (!totals.loading)
			return;
		usleep(1000);
	}
}

static inline void scene_open(struct scene *scene)
{
	struct queue_failure failure;

	scene->queue = queue_open(scene->path, &scene_calls, scene, &failure);
	if (scene->queue == NULL)
		fail_msg("%s", failure.reason);
	scene_loaded(scene);
}

static inline void scene_reopen(struct scene *scene)
{
	queue_close(scene->queue);
	scene_open(scene);
}

static inline int setup(void **state)
{
	struct scene *scene = memory_new(sizeof *scene);

	queue_clock = scene_clock;
	strcpy(scene->root, "/tmp/postern-queue-XXXXXX");
	assert_non_null(mkdtemp(scene->root));
	snprintf(scene->path, sizeof scene->path, "%s/queue", scene->root);
	pthread_mutex_init(&scene->lock, NULL);
	scene->limits = (struct queue_limits){ .connections = 1000,
					       .connections_per_domain = 100,
					       .messages_per_connection = 20,
					       .recipients = 100,
					       .retry = { 900, 1800, 3600, 14400 },
					       .retry_count = 4,
					       .delay_notice = 43200,
					       .expiry = 172800,
					       .local_delay_notice = 1000,
					       .local_expiry = 2000 };
	scene_open(scene);
	*state = scene;
	return 0;
}

static inline int remove_one(const char *path, const struct stat *status, int kind,
			     struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

static inline int teardown(void **state)
{
	struct scene *scene = *state;

	queue_close(scene->queue);
	(void)nftw(scene->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	pthread_mutex_destroy(&scene->lock);
	free(scene);
	return 0;
}

/* "a@x b@y!SF": recipients, each with letters of NOTIFY behind "!". */
static inline void envelope_of(struct envelope *envelope, const char *sender,
			       const char *recipients)
{
	struct span rest = span_text(recipients), one;
	struct address address;
	const char *why;

	envelope_init(envelope);
	envelope->has_sender = true;
	if (sender[0] != '\0')
		assert_true(address_parse(span_text(sender), &envelope->sender, &why));
	while (span_cut(&rest, ' ', &one)) {
		struct span name;
		struct envelope_recipient *recipient;

		if (one.length == 0)
			continue;
		assert_true(span_cut(&one, '!', &name));
		assert_true(address_parse(name, &address, &why));
		recipient = envelope_add(envelope, &address);
		for (size_t i = 0; i < one.length; i++)
			recipient->notify |= one.at[i] == 'S'   ? ENVELOPE_NOTIFY_SUCCESS
					     : one.at[i] == 'F' ? ENVELOPE_NOTIFY_FAILURE
					     : one.at[i] == 'D' ? ENVELOPE_NOTIFY_DELAY
								: ENVELOPE_NOTIFY_NEVER;
	}
}

static const char scene_text[] = "Subject: a test\r\n\r\nfrom 1 .\r\nmessage 1 x y 3 .\r\n";

static inline int spool_of(struct scene *scene, const char *text)
{
	struct queue_failure failure;
	int fd = queue_spool(scene->queue, &failure);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static inline enum outcome add_to(struct scene *scene, const char *server, const char *id,
				  const char *recipients)
{
	struct queue_failure failure = { 0 };
	struct envelope envelope;
	enum outcome outcome;
	int fd = spool_of(scene, scene_text);

	envelope_of(&envelope, "sender@corp.example", recipients);
	outcome = queue_add(scene->queue, fd, false, server, id, &envelope, &failure);
	if (outcome != OUTCOME_OK && failure.reason[0] == '\0')
		fail_msg("no reason");
	envelope_clear(&envelope);
	close(fd);
	return outcome;
}

static inline void add(struct scene *scene, const char *id, const char *recipients)
{
	assert_int_equal(add_to(scene, "main", id, recipients), OUTCOME_OK);
}

static inline struct queue_result result_make(size_t recipient, enum queue_verdict verdict)
{
	struct queue_result result = { .recipient = recipient, .verdict = verdict };

	strcpy(result.status, verdict == QUEUE_OK      ? "2.0.0"
			      : verdict == QUEUE_LATER ? "4.2.0"
						       : "5.1.1");
	strcpy(result.text, "smtp; said so");
	strcpy(result.mta, "mx.example.net");
	return result;
}

/* The same for all recipients of the job, which is over then. */
static inline void end_job(struct scene *scene, struct queue_job *job, enum queue_verdict verdict,
			   bool dead)
{
	struct queue_result *results = memory_array(job->count, sizeof *results);
	struct queue_failure failure = { 0 };

	for (size_t i = 0; i < job->count; i++)
		results[i] = result_make(job->which[i], verdict);
	if (queue_done(scene->queue, job->handle, results, job->count, dead, &failure) !=
	    OUTCOME_OK)
		fail_msg("%s", failure.reason);
	free(results);
	queue_job_free(job);
}

static inline struct queue_job *take(struct scene *scene)
{
	return queue_take(scene->queue, NULL);
}

/* The id of what goes next, which comes to that verdict; "" = nothing does. */
static inline const char *next(struct scene *scene, enum queue_verdict verdict, bool dead)
{
	static char id[QUEUE_ID_SIZE];
	struct queue_job *job = take(scene);

	if (job == NULL)
		return "";
	strcpy(id, job->message->id);
	end_job(scene, job, verdict, dead);
	return id;
}

static inline void later(struct scene *scene, int64_t seconds)
{
	atomic_fetch_add(&scene_now, seconds);
	queue_wake(scene->queue);
}

/* Waits until the condition holds: what threads of the queue do has no other sign. */
#define WAIT_FOR(condition)                                                                        \
	do {                                                                                       \
		for (int waited_ = 0; !(condition); waited_++) {                                   \
			if (waited_ == 60000)                                                      \
				fail_msg("never: %s", #condition);                                 \
			usleep(1000);                                                              \
		}                                                                                  \
	} while (0)

static inline size_t reports_of(struct scene *scene)
{
	size_t reports;

	pthread_mutex_lock(&scene->lock);
	reports = scene->reports;
	pthread_mutex_unlock(&scene->lock);
	return reports;
}

static inline size_t messages_of(struct scene *scene)
{
	struct queue_totals totals;

	queue_total(scene->queue, &totals);
	return totals.messages;
}

struct found {
	const char *id;
	struct queue_message *message;
};

static inline bool found_one(void *context, const struct queue_message *message, int fd)
{
	struct found *found = context;
	char name[RECORD_NAME_SIZE];

	if (strcmp(message->id, found->id) != 0)
		return true;
	record_name(message->id, message->size, name);
	found->message = queue_message_read(fd, name);
	return false;
}

/* What its file says; NULL: there is none. */
static inline struct queue_message *on_disk(struct scene *scene, const char *id)
{
	struct found found = { id, NULL };

	assert_true(queue_visit(scene->path, found_one, &found, NULL));
	return found.message;
}

#endif
