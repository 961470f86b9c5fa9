/* SPDX-License-Identifier: ISC */
/*
 * What the queue costs, on the file system of the directory given:
 *
 *	queue_bench DIRECTORY add THREADS SECONDS      durable additions a second, 10 KB each
 *	queue_bench DIRECTORY fill COUNT [DOMAINS]     so many files of 1 KB, made without syncs
 *	queue_bench DIRECTORY load                     how long reading them takes, and memory
 *	queue_bench DIRECTORY load-add                 the same while new mail comes in
 *	queue_bench DIRECTORY send THREADS             taken and done, all that is due, messages a
 *second
 */
#include "queue/queue_private.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define SIZE 10240

static struct queue *queue;
static atomic_bool stop;
static atomic_ulong counter;
static char body[SIZE];

static void need(bool good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

static void on_hop(void *context, const char *server, const struct envelope_recipient *recipient,
		   struct queue_hop *hop)
{
	(void)context;
	(void)server;
	hop->kind = QUEUE_HOP_SMTP;
	snprintf(hop->key, sizeof hop->key, "%s", recipient->address.domain);
}

static bool on_limits(void *context, const char *server, struct queue_limits *limits)
{
	(void)context;
	(void)server;
	*limits = (struct queue_limits){ .connections = 1000,
					 .connections_per_domain = 100,
					 .messages_per_connection = 20,
					 .recipients = 100,
					 .retry = { 900 },
					 .retry_count = 1,
					 .expiry = 172800,
					 .local_expiry = 172800 };
	return true;
}

static void on_ready(void *context)
{
	(void)context;
}

static enum outcome on_report(void *context, const struct queue_message *message, int fd,
			      const struct queue_event *events, size_t count)
{
	(void)context;
	(void)message;
	(void)fd;
	(void)events;
	(void)count;
	return OUTCOME_OK;
}

static const struct queue_calls calls = { on_hop, on_limits, on_ready, on_report, NULL };

static void envelope_make(struct envelope *envelope, unsigned long number, unsigned long domains)
{
	struct address address = { .local = "someone" };

	envelope_init(envelope);
	envelope->has_sender = true;
	strcpy(envelope->sender.local, "sender");
	strcpy(envelope->sender.domain, "corp.example");
	snprintf(address.domain, sizeof address.domain, "domain%lu.example", number % domains);
	envelope_add(envelope, &address);
}

static void add_one(unsigned long number)
{
	struct queue_failure failure = { 0 };
	struct envelope envelope;
	char id[QUEUE_ID_SIZE];
	int fd = queue_spool(queue, &failure);

	snprintf(id, sizeof id, "%08llx%lx.1", (long long)clock_unix(), number);
	envelope_make(&envelope, number, 100);
	need(fd >= 0 && write(fd, body, SIZE) == SIZE, "write");
	if (queue_add(queue, fd, false, "main", id, &envelope, &failure) != OUTCOME_OK) {
		fprintf(stderr, "%s\n", failure.reason);
		exit(1);
	}
	envelope_clear(&envelope);
	close(fd);
}

static void *add_many(void *unused)
{
	(void)unused;
	while (!atomic_load(&stop))
		add_one(atomic_fetch_add(&counter, 1));
	return NULL;
}

static void *send_many(void *unused)
{
	struct queue_result result = { .verdict = QUEUE_OK };
	struct queue_failure failure;
	struct queue_job *job;

	(void)unused;
	while ((job = queue_take(queue, NULL)) != NULL) {
		result.recipient = job->which[0];
		need(queue_done(queue, job->handle, &result, 1, false, &failure) == OUTCOME_OK,
		     "done");
		queue_job_free(job);
		atomic_fetch_add(&counter, 1);
	}
	return NULL;
}

static void run_threads(void *(*run)(void *), unsigned threads, unsigned seconds)
{
	pthread_t *ids = memory_array(threads, sizeof *ids);
	int64_t began = clock_ms();

	for (unsigned i = 0; i < threads; i++)
		need(pthread_create(&ids[i], NULL, run, NULL) == 0, "thread");
	sleep(seconds);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	printf("threads=%u a_second=%.0f\n", threads,
	       (double)atomic_load(&counter) * 1000 / (double)(clock_ms() - began));
	free(ids);
}

static void fill(const char *root, unsigned long count, unsigned long domains)
{
	struct buffer records = BUFFER_EMPTY;
	struct envelope envelope;
	char id[QUEUE_ID_SIZE], name[RECORD_NAME_SIZE], path[4096];

	for (unsigned i = 0; i < QUEUE_SPREAD; i++) {
		snprintf(path, sizeof path, "%s/main/%02x", root, i);
		need(access(path, F_OK) == 0, path);
	}
	for (unsigned long i = 0; i < count; i++) {
		int fd;

		snprintf(id, sizeof id, "%08llx00%06lx.1", (long long)clock_unix(), i);
		record_name(id, 1024, name);
		snprintf(path, sizeof path, "%s/main/%02x/%s", root, file_directory_of(id), name);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		envelope_make(&envelope, i, domains);
		record_envelope(&records, id, "main", clock_unix(), &envelope);
		need(fd >= 0 && write(fd, body, 1024) == 1024 &&
			     write(fd, buffer_bytes(&records), buffer_used(&records)) > 0,
		     path);
		buffer_consume(&records, buffer_used(&records));
		envelope_clear(&envelope);
		close(fd);
	}
	buffer_clear(&records);
}

static long resident_kb(void)
{
	FILE *status = fopen("/proc/self/statm", "r");
	long all = 0, resident = 0;

	need(status != NULL && fscanf(status, "%ld %ld", &all, &resident) == 2, "statm");
	fclose(status);
	return resident * 4;
}

static void load(int64_t opened, long before, bool adding)
{
	struct queue_totals totals;
	unsigned long added = 0;
	int64_t worst = 0;

	do {
		int64_t began = clock_us();

		if (adding)
			add_one(added++);
		else
			usleep(10000);
		if (clock_us() - began > worst)
			worst = clock_us() - began;
		queue_total(queue, &totals);
	} while (totals.loading && totals.messages < QUEUE_MESSAGES_MAX);
	printf("messages=%zu hops=%zu ms=%lld rss_kb=%ld added=%lu slowest_addition_ms=%.1f\n",
	       totals.messages, totals.hops, (long long)(clock_ms() - opened),
	       resident_kb() - before, added, adding ? (double)worst / 1000 : 0);
}

int main(int argc, char **argv)
{
	struct queue_failure failure = { 0 };
	long before = resident_kb();
	int64_t opened = clock_ms();
	struct queue_totals totals;
	uint16_t server;

	need(argc > 2, "queue_bench DIRECTORY add|fill|load|send ...");
	queue = queue_open(argv[1], &calls, NULL, &failure);
	need(queue != NULL && server_find(queue, "main", &server) != NULL, failure.reason);
	if (strncmp(argv[2], "load", 4) == 0)
		load(opened, before, argv[2][4] == '-');
	do
		queue_total(queue, &totals);
	while (totals.loading && totals.messages < QUEUE_MESSAGES_MAX && usleep(1000) == 0);
	if (strcmp(argv[2], "add") == 0)
		run_threads(add_many, (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
	else if (strcmp(argv[2], "send") == 0)
		run_threads(send_many, (unsigned)atoi(argv[3]), 0);
	else if (strcmp(argv[2], "fill") == 0)
		fill(argv[1], strtoul(argv[3], NULL, 10),
		     argc > 4 ? strtoul(argv[4], NULL, 10) : 100);
	queue_close(queue);
	return 0;
}
