/* SPDX-License-Identifier: ISC */
/*
 * What the bare disk allows: bound DIRECTORY SECONDS
 *   files   16 writers, each a new file of 10 KB, fdatasync, name made by rename
 *   log     one file, 64 records of 10 KB for each fdatasync
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WRITERS     16
#define RECORD_SIZE 10240
#define BATCH       64

struct writer {
	pthread_t thread;
	unsigned number;
	unsigned long files;
};

static const char *directory;
static double deadline;
static char record[RECORD_SIZE * BATCH];

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
		write_durably(fd, RECORD_SIZE);
		close(fd);
		if (rename(temporary, name) < 0)
			fail(name);
		writer->files++;
	}
	return NULL;
}

static unsigned long files(void)
{
	static struct writer writers[WRITERS];
	unsigned long total = 0;

	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i].number = i;
		if (pthread_create(&writers[i].thread, NULL, write_files, &writers[i]) != 0)
			fail("pthread_create");
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		pthread_join(writers[i].thread, NULL);
		total += writers[i].files;
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
		write_durably(fd, sizeof(record));
	close(fd);
	return total;
}

static void measure(const char *name, unsigned long (*work)(void), double seconds)
{
	double started = now();
	unsigned long count;

	deadline = started + seconds;
	count = work();
	printf("bound %s=%.0f unit=10KB/s\n", name, (double)count / (now() - started));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc != 3 || atof(argv[2]) <= 0) {
		fprintf(stderr, "usage: bound DIRECTORY SECONDS\n");
		return 2;
	}
	directory = argv[1];
	memset(record, 'x', sizeof(record));
	measure("durable_files", files, atof(argv[2]));
	measure("durable_log", batches, atof(argv[2]));
	return 0;
}
