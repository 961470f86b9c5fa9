/* SPDX-License-Identifier: ISC */
/*
 * Store and queue alone, for the power-cut model (power_cut.py).
 *
 *	power_driver work ROOT SEED THREADS COUNT
 *		delivers and removes from many threads, into ROOT/mail and ROOT/queue, and says on
 *stdout, before and after, what it asks for and what was acknowledged: SENT, ACKED, REMOVE,
 *REMOVED; of the queue (power_queue.c) also FAIL: no server will have it, its sender is to be told
 *		With POWER_SPOOL=named in the environment the file system does not know O_TMPFILE,
 *with POWER_SPOOL=name-first it is one where a durable link alone does not save a nameless file.
 *	power_driver check
 *		reads names of roots from stdin; opens each as after a power cut, says what is in
 *		the mailboxes (HAS, TORN), whether quotas agree and whether mail can be delivered
 *again; for a root whose name ends in "renamed" the owners have got other names meanwhile
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/crash/power_driver.h"

#define BOXES 8
#define QUOTA 60000

static bool no_nameless; /* as on a file system without O_TMPFILE */
static bool name_first;  /* as on ext4 without a journal */
static bool renamed;

int __real_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...);

/* The linker puts it before openat in the store. */
int __wrap_openat(int directory, const char *path, int flags, ...)
{
	va_list rest;
	mode_t mode = 0;

	if (no_nameless && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {
		va_start(rest, flags);
		mode = va_arg(rest, mode_t);
		va_end(rest);
	}
	return __real_openat(directory, path, flags, mode);
}

bool __wrap_links_need_inode(int directory);

bool __wrap_links_need_inode(int directory)
{
	(void)directory;
	return name_first;
}

static struct store_mailbox box(unsigned number)
{
	struct store_mailbox mailbox = { .quota = number % 2 ? QUOTA : 0 };

	snprintf(mailbox.id, sizeof mailbox.id, "%08x-b0c5", number);
	snprintf(mailbox.domain, sizeof mailbox.domain, "%s",
		 number < 5 ? "corp.example" : "sales.example");
	snprintf(mailbox.name, sizeof mailbox.name, "%s%u", renamed ? "new" : "box", number);
	return mailbox;
}

/* One write, so that the trace has it in one piece. */
void say(const char *what, const char *token, unsigned first, unsigned count)
{
	char line[128];
	int length = snprintf(line, sizeof line, "%s %s %u %u\n", what, token, first, count);

	if (write(STDOUT_FILENO, line, (size_t)length) != length)
		_exit(2);
}

/* The text follows from the token: a torn one is seen. */
size_t text_fill(char text[TEXT], const char *token)
{
	unsigned lines = 1;
	size_t used = 0;

	for (const char *at = token; *at; at++)
		lines = (lines * 31 + (unsigned char)*at) % 90;
	for (unsigned i = 0; i <= lines; i++)
		used += (size_t)snprintf(text + used, TEXT - used, "%s %u of %u\r\n", token, i,
					 lines);
	return used;
}

/* The token of a whole message, or NULL. */
static const char *token_of(struct store_maildrop *maildrop, size_t number, char token[TOKEN])
{
	char text[TEXT + 1], wanted[TEXT];
	struct store_failure failure;
	enum outcome outcome;
	int fd = store_maildrop_message(maildrop, number, &outcome, &failure);
	ssize_t got;

	if (fd < 0)
		return NULL;
	got = pread(fd, text, TEXT, 0);
	close(fd);
	if (got <= 0)
		return NULL;
	text[got] = '\0';
	if (sscanf(text, "%23s", token) != 1 || text_fill(wanted, token) != (size_t)got ||
	    memcmp(text, wanted, (size_t)got) != 0 ||
	    store_maildrop_size(maildrop, number) != (uint64_t)got)
		return NULL;
	return token;
}

int spool_filled(struct store *store, const char *token)
{
	struct store_failure failure;
	char text[TEXT];
	size_t length = text_fill(text, token), half = length / 2;
	int fd = store_spool(store, &failure);

	if (fd >= 0 && write(fd, text, half) == (ssize_t)half &&
	    write(fd, text + half, length - half) == (ssize_t)(length - half))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

enum outcome boxes_deliver(struct store *store, int fd, const char *token, unsigned first,
			   unsigned count)
{
	struct store_mailbox mailboxes[BOXES];
	struct store_failure failure;

	for (unsigned i = 0; i < count; i++)
		mailboxes[i] = box((first + i) % BOXES);
	return store_deliver(store, fd, mailboxes, count, token, &failure);
}

static enum outcome deliver(struct store *store, const char *token, unsigned first, unsigned count)
{
	int fd = spool_filled(store, token);
	enum outcome outcome =
		fd >= 0 ? boxes_deliver(store, fd, token, first, count) : OUTCOME_TEMP;

	if (fd >= 0)
		close(fd);
	return outcome;
}

struct worker {
	struct store *store;
	struct queue *queue;
	unsigned number, seed, count;
};

static void remove_some(struct worker *worker)
{
	unsigned which = (unsigned)rand_r(&worker->seed) % BOXES;
	struct store_mailbox mailbox = box(which);
	struct store_maildrop *maildrop;
	struct store_failure failure;
	char tokens[16][TOKEN];
	uint32_t numbers[16];
	size_t marked = 0, removed;
	bool busy;

	if (store_maildrop_open(worker->store, &mailbox, &maildrop, &busy, &failure) != OUTCOME_OK)
		return;
	for (size_t i = 1; i <= store_maildrop_count(maildrop) && marked < 16; i++) {
		if (rand_r(&worker->seed) % 3 != 0 || !token_of(maildrop, i, tokens[marked]))
			continue;
		say("REMOVE", tokens[marked], which, 1);
		numbers[marked++] = (uint32_t)i;
	}
	if (store_maildrop_remove(maildrop, numbers, marked, &removed, &failure) == OUTCOME_OK)
		for (size_t i = 0; i < marked; i++)
			say("REMOVED", tokens[i], which, 1);
	store_maildrop_close(maildrop);
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	for (unsigned i = 0; i < worker->count; i++) {
		unsigned first = (unsigned)rand_r(&worker->seed) % BOXES;
		unsigned count =
			rand_r(&worker->seed) % 3 ? 1 : 1 + (unsigned)rand_r(&worker->seed) % 5;
		char token[TOKEN];

		snprintf(token, sizeof token, "t%un%ux%u", worker->number, i,
			 worker->seed % 100000);
		if (rand_r(&worker->seed) % 2) {
			queue_deliver(worker->queue, worker->store, token, first,
				      rand_r(&worker->seed) % 2 ? count : 0);
		} else {
			say("SENT", token, first, count);
			if (deliver(worker->store, token, first, count) == OUTCOME_OK)
				say("ACKED", token, first, count);
		}
		if (rand_r(&worker->seed) % 2)
			queue_work_off(worker->queue, (unsigned)rand_r(&worker->seed));
		if (rand_r(&worker->seed) % 4 == 0)
			remove_some(worker);
	}
	return NULL;
}

static struct store *store_below(const char *root, struct store_failure *failure)
{
	char path[600];

	snprintf(path, sizeof path, "%s/mail", root);
	return store_open(path, "", failure);
}

static int work_main(char **arguments)
{
	unsigned seed = (unsigned)atoi(arguments[1]), threads = (unsigned)atoi(arguments[2]);
	struct store_failure failure;
	struct store *store = store_below(arguments[0], &failure);
	struct queue *queue = queue_below(arguments[0]);
	struct worker workers[16];
	pthread_t thread[16];

	if (!store || !queue || threads > 16)
		return 1;
	for (unsigned i = 0; i < threads; i++) {
		workers[i] = (struct worker){ store, queue, i, seed * 16 + i,
					      (unsigned)atoi(arguments[3]) };
		if (pthread_create(&thread[i], NULL, work, &workers[i]) != 0)
			return 1;
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	queue_close(queue);
	store_close(store);
	return 0;
}

static void check_box(struct store *store, unsigned which)
{
	struct store_mailbox mailbox = box(which), unlimited = mailbox;
	struct store_usage kept, counted;
	struct store_maildrop *maildrop;
	struct store_failure failure;
	char token[TOKEN];
	bool busy;

	if (store_maildrop_open(store, &mailbox, &maildrop, &busy, &failure) != OUTCOME_OK) {
		printf("CLOSED %u %s\n", which, failure.reason);
		return;
	}
	for (size_t i = 1; i <= store_maildrop_count(maildrop); i++) {
		if (token_of(maildrop, i, token))
			printf("HAS %u %s\n", which, token);
		else
			printf("TORN %u %s\n", which, store_maildrop_uid(maildrop, i));
	}
	unlimited.quota = 0;
	if (store_usage(store, &mailbox, &kept, &failure) != OUTCOME_OK ||
	    store_usage(store, &unlimited, &counted, &failure) != OUTCOME_OK ||
	    kept.octets != counted.octets || kept.messages != counted.messages ||
	    counted.messages != store_maildrop_count(maildrop))
		printf("QUOTA %u\n", which);
	store_maildrop_close(maildrop);
}

static bool delivers(struct store *store, unsigned which)
{
	struct store_mailbox mailbox = box(which);
	struct store_maildrop *maildrop;
	struct store_failure failure;
	enum outcome outcome = deliver(store, "after", which, 1);
	char token[TOKEN];
	bool busy, found = false;

	if (outcome == OUTCOME_PERM && mailbox.quota)
		return true; /* full */
	if (outcome != OUTCOME_OK ||
	    store_maildrop_open(store, &mailbox, &maildrop, &busy, &failure) != OUTCOME_OK)
		return false;
	for (size_t i = store_maildrop_count(maildrop); i >= 1 && !found; i--)
		found = token_of(maildrop, i, token) && strcmp(token, "after") == 0;
	store_maildrop_close(maildrop);
	return found;
}

static void check_one(const char *root)
{
	static const char suffix[] = "renamed";
	struct store_failure failure;
	struct store *store = store_below(root, &failure);

	renamed = strlen(root) > sizeof suffix &&
		  strcmp(root + strlen(root) - sizeof suffix + 1, suffix) == 0;
	if (!store)
		printf("BROKEN %s\n", failure.reason);
	for (unsigned i = 0; store && i < BOXES; i++)
		check_box(store, i);
	for (unsigned i = 0; store && i < BOXES; i++)
		if (!delivers(store, i))
			printf("REFUSES %u\n", i);
	if (store)
		store_close(store);
	queue_check(root);
	printf("END %s\n", root);
}

int main(int count, char **arguments)
{
	const char *spool = getenv("POWER_SPOOL");
	char root[512];

	no_nameless = spool && strcmp(spool, "named") == 0;
	name_first = spool && strcmp(spool, "name-first") == 0;
	if (count == 6 && strcmp(arguments[1], "work") == 0)
		return work_main(arguments + 2);
	if (count != 2 || strcmp(arguments[1], "check") != 0)
		return 2;
	while (fgets(root, sizeof root, stdin)) {
		root[strcspn(root, "\n")] = '\0';
		check_one(root);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
