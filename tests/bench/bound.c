/* SPDX-License-Identifier: ISC */
/*
 * What the bare disk allows: bound DIRECTORY SECONDS [WRITERS [OCTETS]]
 *   files   so many writers (16), each a new file of so many octets (10240), fdatasync, name
 *           made by rename
 *   log     one file, 64 records of that size for each fdatasync
 * cpu: processor seconds for 1,000 of them
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define WRITERS_MAX     256
#define RECORD_SIZE_MAX 262144
#define BATCH           64

struct writer {
	pthread_t thread;
	unsigned number;
	unsigned long files;
};

static const char *directory;
static double deadline;
static unsigned writers = 16;
static size_t record_size = 10240;
static char record[RECORD_SIZE_MAX * BATCH];

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void write_durably(int fd, size_t length)
{
	if (write(fd, record, length) != (ssize_t)length || fdatasync(fd) < 0)
		fail("write");
}

static void *write_files(void *argument)
{
	struct writer *writer = argument;
	char temporary[256], name[256];

	while (now() < deadline) {
		int fd;

		snprintf(temporary, sizeof(temporary), "%s/t%u", directory, writer->number);
		snprintf(name, sizeof(name), "%s/f%u.%lu", directory, writer->number,
			 writer->files);
		fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0)
			fail(temporary);
		write_durably(fd, record_size);
		close(fd);
		if (rename(temporary, name) < 0)
			fail(name);
		writer->files++;
	}
	return NULL;
}

static unsigned long files(void)
{
	static struct writer list[WRITERS_MAX];
	unsigned long total = 0;

	for (unsigned i = 0; i < writers; i++) {
		list[i].number = i;
		if (pthread_create(&list[i].thread, NULL, write_files, &list[i]) != 0)
			fail("pthread_create");
	}
	for (unsigned i = 0; i < writers; i++) {
		pthread_join(list[i].thread, NULL);
		total += list[i].files;
	}
	return total;
}

static unsigned long batches(void)
{
	char name[256];
	unsigned long total = 0;
	int fd;

	snprintf(name, sizeof(name), "%s/log", directory);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		fail(name);
	for (; now() < deadline; total += BATCH)
		write_durably(fd, record_size * BATCH);
	close(fd);
	return total;
}

/* Of the processor, by this process. */
static double used(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void measure(const char *name, unsigned long (*work)(void), double seconds)
{
	double started = now(), before = used();
	unsigned long count;

	deadline = started + seconds;
	count = work();
	printf("bound %s=%.0f unit=1/s writers=%u octets=%zu cpu=%.3f\n", name,
	       (double)count / (now() - started), writers, record_size,
	       count > 0 ? (used() - before) * 1000 / (double)count : 0);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc > 3)
		writers = (unsigned)atoi(argv[3]);
	if (argc > 4)
		record_size = (size_t)atol(argv[4]);
	if (argc < 3 || argc > 5 || atof(argv[2]) <= 0 || writers < 1 || writers > WRITERS_MAX ||
	    record_size < 1 || record_size > RECORD_SIZE_MAX) {
		fprintf(stderr, "usage: bound DIRECTORY SECONDS [WRITERS [OCTETS]]\n");
		return 2;
	}
	directory = argv[1];
	memset(record, 'x', sizeof(record));
	measure("durable_files", files, atof(argv[2]));
	measure("durable_log", batches, atof(argv[2]));
	return 0;
}
