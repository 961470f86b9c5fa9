/* SPDX-License-Identifier: ISC */
/*
 * What a durable delivery costs, by the store and by bare system calls in other
 * orders, on the file system of the directory given:
 *
 *	store_bench DIRECTORY VARIANT THREADS SECONDS [QUOTA]
 *
 * Variants: store; data-dir (fdatasync, link, fsync of new/); range-dir
 * (sync_file_range instead of fdatasync); data-syncfs and range-syncfs (one
 * syncfs for all that wait); link-syncfs (no data sync of its own: not safe, as a
 * floor). 10 KB messages, 1000 mailboxes. Prints deliveries a second.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "store/store.h"
#include "base/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAILBOXES 1000
#define SIZE      10240

static const char *variant;
static struct store *store;
static struct sync_group *group;
static struct store_mailbox to[MAILBOXES];
static int root_fd, new_fds[MAILBOXES];
static atomic_bool stop;
static atomic_ulong counter;
static char body[SIZE];
static pthread_mutex_t leader_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t leader_done = PTHREAD_COND_INITIALIZER;
static bool leader_running;
static unsigned long leader_begun, leader_finished;

static void need(bool good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

/* One syncfs for everybody whose link was there before it began. */
static void syncfs_shared(void)
{
	unsigned long wanted;

	pthread_mutex_lock(&leader_lock);
	wanted = leader_begun + 1;
	while (leader_finished < wanted) {
		if (leader_running) {
			pthread_cond_wait(&leader_done, &leader_lock);
			continue;
		}
		leader_running = true;
		leader_begun++;
		pthread_mutex_unlock(&leader_lock);
		need(syncfs(root_fd) == 0, "syncfs");
		pthread_mutex_lock(&leader_lock);
		leader_running = false;
		leader_finished = leader_begun;
		pthread_cond_broadcast(&leader_done);
	}
	pthread_mutex_unlock(&leader_lock);
}

static void deliver_bare(unsigned long number, size_t which)
{
	const int range =
		SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
	int fd = openat(root_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char path[40], name[64];

	need(fd >= 0 && write(fd, body, SIZE) == SIZE, "write");
	if (strncmp(variant, "data", 4) == 0)
		need(fdatasync(fd) == 0, "fdatasync");
	else if (strncmp(variant, "range", 5) == 0)
		need(sync_file_range(fd, 0, 0, range) == 0, "sync_file_range");
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	snprintf(name, sizeof name, "%lld.Q%lu.bench,S=%d,W=%d", (long long)clock_unix(), number,
		 SIZE, SIZE);
	need(linkat(AT_FDCWD, path, new_fds[which], name, AT_SYMLINK_FOLLOW) == 0, "linkat");
	if (strstr(variant, "syncfs") != NULL)
		syncfs_shared();
	else
		need(sync_directory(group, new_fds[which], 1, (ino_t)which) == 0, "fsync");
	close(fd);
}

static void deliver_store(size_t which)
{
	struct store_failure failure;
	int fd = store_spool(store, &failure);

	need(fd >= 0 && write(fd, body, SIZE) == SIZE, "write");
	if (store_deliver(store, fd, &to[which], 1, "bench", &failure) != OUTCOME_OK) {
		fprintf(stderr, "%s\n", failure.reason);
		exit(1);
	}
	close(fd);
}

static void *work(void *argument)
{
	(void)argument;
	while (!atomic_load(&stop)) {
		unsigned long number = atomic_fetch_add(&counter, 1);
		size_t which = (size_t)(number * 7919 % MAILBOXES);

		if (store != NULL)
			deliver_store(which);
		else
			deliver_bare(number, which);
	}
	return NULL;
}

static void prepare(const char *root, uint64_t quota)
{
	struct store_failure failure;
	struct store_maildrop *maildrop;
	char path[4096];
	bool busy;

	store = store_open(root, "", &failure);
	need(store != NULL, failure.reason);
	root_fd = open(root, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < MAILBOXES; i++) {
		snprintf(to[i].id, sizeof to[i].id, "%08zx", i);
		snprintf(to[i].domain, sizeof to[i].domain, "bench.example");
		snprintf(to[i].name, sizeof to[i].name, "user%zu", i);
		to[i].quota = quota;
		if (store_maildrop_open(store, &to[i], &maildrop, &busy, &failure) != OUTCOME_OK)
			need(false, failure.reason);
		store_maildrop_close(maildrop);
		snprintf(path, sizeof path, "bench.example/user%zu/new", i);
		new_fds[i] = openat(root_fd, path, O_RDONLY | O_DIRECTORY);
		need(new_fds[i] >= 0, path);
	}
	if (strcmp(variant, "store") != 0) {
		store_close(store);
		store = NULL;
	}
	group = sync_group_new();
}

int main(int count, char **words)
{
	size_t threads = count > 3 ? (size_t)atoi(words[3]) : 0;
	pthread_t ids[256];
	int64_t start, took;

	if (count < 5 || threads < 1 || threads > 256) {
		fprintf(stderr, "store_bench DIRECTORY VARIANT THREADS SECONDS [QUOTA]\n");
		return 2;
	}
	variant = words[2];
	memset(body, 'x', SIZE);
	for (size_t i = 78; i < SIZE; i += 80)
		memcpy(body + i, "\r\n", 2);
	prepare(words[1], count > 5 ? strtoull(words[5], NULL, 10) : 0);
	start = clock_ms();
	for (size_t i = 0; i < threads; i++)
		need(pthread_create(&ids[i], NULL, work, NULL) == 0, "pthread_create");
	sleep((unsigned)atoi(words[4]));
	atomic_store(&stop, true);
	for (size_t i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	took = clock_ms() - start;
	printf("%-13s threads=%-3zu quota=%-10s %8.0f deliveries/s\n", variant, threads,
	       count > 5 ? words[5] : "0", (double)atomic_load(&counter) * 1000 / (double)took);
	store_close(store);
	sync_group_free(group);
	return 0;
}
