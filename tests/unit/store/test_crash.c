/* SPDX-License-Identifier: ISC */
/*
 * kill -9 in the middle of deliveries, again and again on the same store: every
 * acknowledged message is there whole, quotas agree, nothing is left over.
 */
#include "tests/unit/store/store_help.h"

#include "store/maildir_name.h"

#include <pthread.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#define ROUNDS  12
#define PEOPLE  4
#define THREADS 4

static void people(struct store_mailbox to[PEOPLE])
{
	for (size_t i = 0; i < PEOPLE; i++) {
		char id[16], name[16];

		snprintf(id, sizeof id, "%08zx", i);
		snprintf(name, sizeof name, "user%zu", i);
		to[i] = who(id, "corp.example", name, i % 2 ? 100000000 : 0);
	}
}

struct sender {
	struct store *store;
	int pipe;
	unsigned round, number;
};

/* The text of a message is its own token, over and over: a torn one is seen. */
static size_t message_fill(char *to, const char *token)
{
	size_t used = 0;

	for (int i = 0; i < 300; i++)
		used += (size_t)sprintf(to + used, "%s\r\n", token);
	return used;
}

static void *send_messages(void *argument)
{
	struct sender *sender = argument;
	struct store_mailbox to[PEOPLE];
	struct store_failure failure;
	char text[8192];

	people(to);
	for (unsigned i = 0;; i++) {
		size_t first = i % PEOPLE, count = 1 + i / 3 % (PEOPLE - first);
		char token[24] = "";
		int fd = store_spool(sender->store, &failure);
		size_t length;

		snprintf(token, sizeof token, "r%03ut%ui%06un%zu%zu", sender->round, sender->number,
			 i, first, count);
		length = message_fill(text, token);
		if (fd < 0 || write(fd, text, length) != (ssize_t)length ||
		    store_deliver(sender->store, fd, to + first, count, token, &failure) !=
			    OUTCOME_OK)
			_exit(1);
		close(fd);
		if (write(sender->pipe, token, sizeof token) != sizeof token)
			_exit(1);
	}
	return NULL;
}

static void child_run(const struct place *place, unsigned round, int out)
{
	struct sender senders[THREADS];
	struct store_failure failure;
	struct store *store = store_open(place->mail, "", &failure);
	pthread_t thread;

	for (unsigned i = 0; store != NULL && i < THREADS; i++) {
		senders[i] = (struct sender){ store, out, round, i };
		if (pthread_create(&thread, NULL, send_messages, &senders[i]) != 0)
			_exit(1);
	}
	pause();
	_exit(1);
}

/* Whether the mailbox has exactly one file of the token, whole. */
static void token_check(const struct place *place, size_t person, const char *token)
{
	char path[512], text[8192], expected[8192];
	size_t found = 0, length = message_fill(expected, token);
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof path, "%s/corp.example/user%zu/new", place->mail, person);
	directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		const char *label = strstr(entry->d_name, ",L=");
		int fd;

		if (label == NULL || strcmp(label + 3, token) != 0)
			continue;
		fd = openat(dirfd(directory), entry->d_name, O_RDONLY);
		assert_int_equal(read(fd, text, sizeof text), (ssize_t)length);
		assert_memory_equal(text, expected, length);
		close(fd);
		found++;
	}
	closedir(directory);
	assert_int_equal(found, 1);
}

static void sizes_check(const struct place *place, size_t person)
{
	char path[512];
	struct dirent *entry;
	struct maildir_name name;
	struct stat status;
	DIR *directory;

	snprintf(path, sizeof path, "%s/corp.example/user%zu/new", place->mail, person);
	directory = opendir(path);
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (!maildir_name_parse(span_text(entry->d_name), &name))
			continue;
		assert_int_equal(fstatat(dirfd(directory), entry->d_name, &status, 0), 0);
		assert_true(name.has_octets && (uint64_t)status.st_size == name.octets);
	}
	if (directory != NULL)
		closedir(directory);
}

/* docs/QUEUE.md: what a kill may leave there until it is 36 hours old. */
static void litter_check(const struct place *place, size_t person)
{
	char path[512];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof path, "%s/corp.example/user%zu/tmp", place->mail, person);
	directory = opendir(path);
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		const char *kind = strrchr(entry->d_name, '.');

		if (entry->d_name[0] != '.' && strcmp(kind, ".maildirsize") != 0 &&
		    strcmp(kind, ".id") != 0)
			fail_msg("%s in %s", entry->d_name, path);
	}
	if (directory != NULL)
		closedir(directory);
}

static void store_check(struct place *place)
{
	struct store_mailbox to[PEOPLE];

	people(to);
	place_open(place);
	assert_int_equal(files_in("%s/.spool", place->mail), SPOOL_FILES);
	for (size_t i = 0; i < PEOPLE; i++) {
		struct store_mailbox unlimited = to[i];
		struct store_usage usage = usage_of(place->store, &to[i]), counted;

		unlimited.quota = 0;
		counted = usage_of(place->store, &unlimited);
		assert_int_equal(usage.octets, counted.octets);
		assert_int_equal(usage.messages, counted.messages);
		litter_check(place, i);
		sizes_check(place, i);
	}
	place_close(place);
}

static size_t acknowledged_check(const struct place *place, int in)
{
	size_t acknowledged = 0;
	char token[24];
	ssize_t got;

	while ((got = read(in, token, sizeof token)) == sizeof token) {
		size_t first = (size_t)(token[strlen(token) - 2] - '0');
		size_t count = (size_t)(token[strlen(token) - 1] - '0');

		for (size_t i = 0; i < count; i++)
			token_check(place, first + i, token);
		acknowledged++;
	}
	assert_int_equal(got, 0);
	return acknowledged;
}

static void killed_while_delivering(void **state)
{
	struct place *place = *state;
	size_t acknowledged = 0;

	place_close(place);
	srandom((unsigned)getpid());
	for (unsigned round = 0; round < ROUNDS; round++) {
		int pipes[2], status;
		pid_t child;

		assert_int_equal(pipe(pipes), 0);
		child = fork();
		assert_true(child >= 0);
		if (child == 0)
			child_run(place, round, pipes[1]);
		close(pipes[1]);
		/* Some are killed while mailboxes are made, most in the middle of deliveries. */
		if (round % 3 != 0)
			(void)poll(&(struct pollfd){ .fd = pipes[0], .events = POLLIN }, 1, 20000);
		usleep((useconds_t)(3000 + random() % 60000));
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		/* Before and after a store is opened on what the kill left. */
		if (round % 2)
			store_check(place);
		acknowledged += acknowledged_check(place, pipes[0]);
		close(pipes[0]);
	}
	store_check(place);
	print_message("%zu deliveries acknowledged in %d runs that were killed\n", acknowledged,
		      ROUNDS);
	assert_true(acknowledged > 0);
	place_open(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(killed_while_delivering, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
