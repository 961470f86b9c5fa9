/* SPDX-License-Identifier: ISC */
#include "tests/unit/store/store_help.h"

#include "store/store_private.h"

#include <pthread.h>

#define ALICE "0a0a0a0a-1111"
#define BOB   "0b0b0b0b-2222"

static const char message[] = "Subject: x\r\n\r\nbody\r\n";
static const size_t message_size = sizeof message - 1;

static void one_copy_for_all(void **state)
{
	struct place *place = *state;
	struct store_mailbox to[] = { who(ALICE, "corp.example", "alice", 0),
				      who(BOB, "corp.example", "bob", 1000),
				      who(ALICE, "corp.example", "alice", 0) };
	struct store_failure failure;
	struct store_maildrop *maildrop;
	struct stat status;
	enum outcome outcome;
	char *text;
	int fd;

	assert_int_equal(deliver_bytes(place->store, message, message_size, to, 3, &failure),
			 OUTCOME_OK);
	assert_int_equal(files_in("%s/corp.example/alice/new", place->mail), 1);
	assert_int_equal(files_in("%s/corp.example/bob/new", place->mail), 1);
	assert_int_equal(files_in("%s/corp.example/alice/tmp", place->mail), 0);
	assert_int_equal(usage_of(place->store, &to[1]).octets, message_size);
	assert_int_equal(usage_of(place->store, &to[0]).octets, message_size);
	maildrop = drop_open(place->store, &to[0]);
	assert_int_equal(store_maildrop_count(maildrop), 1);
	assert_int_equal(store_maildrop_size(maildrop, 1), message_size);
	fd = store_maildrop_message(maildrop, 1, &outcome, &failure);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_nlink, 2);
	close(fd);
	text = message_text(maildrop, 1);
	assert_string_equal(text, message);
	free(text);
	store_maildrop_close(maildrop);
}

static void refusals(void **state)
{
	struct place *place = *state;
	struct store_mailbox to[] = { who(ALICE, "corp.example", "alice", 0),
				      who(BOB, "corp.example", "bob", message_size * 2) };
	struct store_mailbox bad[] = { who("", "d", "n", 0), who("../x", "d", "n", 0),
				       who("UPPER", "d", "n", 0), who(ALICE, "", "n", 0),
				       who(ALICE, "d", "", 0) };
	struct store_failure failure;

	assert_int_equal(deliver_bytes(place->store, "", 0, to, 1, &failure), OUTCOME_PERM);
	assert_int_equal(deliver_bytes(place->store, message, message_size, to, 0, &failure),
			 OUTCOME_PERM);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(
			deliver_bytes(place->store, message, message_size, &bad[i], 1, &failure),
			OUTCOME_PERM);
	assert_int_equal(deliver_bytes(place->store, message, message_size, to, 2, &failure),
			 OUTCOME_OK);
	assert_int_equal(deliver_bytes(place->store, message, message_size, to, 2, &failure),
			 OUTCOME_OK);
	assert_int_equal(deliver_bytes(place->store, message, message_size, to, 2, &failure),
			 OUTCOME_PERM);
	assert_true(failure.over_quota && !failure.full);
	assert_int_equal(failure.which, 1);
	assert_int_equal(files_in("%s/corp.example/alice/new", place->mail), 2);
	assert_int_equal(files_in("%s/corp.example/bob/new", place->mail), 2);
	assert_int_equal(usage_of(place->store, &to[1]).messages, 2);
	/* A closed descriptor and one that is no regular file are trouble, not a refusal. */
	assert_int_equal(store_deliver(place->store, -1, to, 1, "", &failure), OUTCOME_TEMP);
}

/* The second mailbox cannot be linked into: the first one's link is taken back. */
static void all_or_nothing(void **state)
{
	struct place *place = *state;
	struct store_mailbox to[] = { who(ALICE, "corp.example", "alice", 1000),
				      who(BOB, "corp.example", "bob", 0) };
	struct store_failure failure;
	char path[256];
	int fd;

	assert_int_equal(deliver_text(place->store, message, &to[1]), OUTCOME_OK);
	snprintf(path, sizeof path, "rm -rf %s/corp.example/bob/new", place->mail);
	assert_int_equal(system(path), 0);
	snprintf(path, sizeof path, "%s/corp.example/bob/new", place->mail);
	file_make(path, "not a directory");
	fd = store_spool(place->store, &failure);
	assert_int_equal(write(fd, message, message_size), message_size);
	assert_int_equal(store_deliver(place->store, fd, to, 2, "", &failure), OUTCOME_TEMP);
	assert_false(failure.full);
	assert_int_equal(files_in("%s/corp.example/alice/new", place->mail), 0);
	assert_int_equal(usage_of(place->store, &to[0]).octets, 0);
	/* The same spool file again, when the cause is gone: a copy, because its link was taken
	 * back. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_deliver(place->store, fd, to, 2, "", &failure), OUTCOME_OK);
	close(fd);
	assert_int_equal(usage_of(place->store, &to[0]).octets, message_size);
	assert_int_equal(files_in("%s/corp.example/alice/tmp", place->mail), 0);
}

static void many_mailboxes(void **state)
{
	struct place *place = *state;
	struct store_mailbox to[100];
	struct store_failure failure;

	for (size_t i = 0; i < 100; i++) {
		char id[16], name[16];

		snprintf(id, sizeof id, "%08zx", i);
		snprintf(name, sizeof name, "user%zu", i);
		to[i] = who(id, "corp.example", name, i % 2 ? 1000 : 0);
	}
	assert_int_equal(deliver_bytes(place->store, message, message_size, to, 100, &failure),
			 OUTCOME_OK);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(usage_of(place->store, &to[i]).messages, 1);
}

/* A file system without O_TMPFILE: the spool file has a name until it is delivered. */
static void named_spool(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 0);
	struct store_failure failure;
	char path[256];
	size_t before;
	int fd;

	atomic_store(&place->store->named_spool, true);
	before = files_in("%s/.spool", place->mail);
	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	assert_int_equal(files_in("%s/.spool", place->mail), before);
	assert_int_equal(files_in("%s/corp.example/alice/new", place->mail), 1);
	fd = store_spool(place->store, &failure);
	assert_int_equal(files_in("%s/.spool", place->mail), before + 1);
	close(fd);
	snprintf(path, sizeof path, "%s/.spool/mailbox.left/new", place->mail);
	path[strlen(path) - 4] = '\0';
	assert_int_equal(mkdir(path, 0700), 0);
	place_reopen(place);
	assert_int_equal(files_in("%s/.spool", place->mail), before);
}

/* ext4 without a journal: the file has a name in the spool while it is made durable, and only then.
 */
static void name_first(void **state)
{
	struct place *place = *state;
	struct store_mailbox to[] = { who(ALICE, "corp.example", "alice", 1000),
				      who(BOB, "corp.example", "bob", 0) };
	struct store_failure failure;
	struct stat status;
	char path[256];
	int fd;

	atomic_store(&place->store->name_first, true);
	fd = store_spool(place->store, &failure);
	assert_int_equal(write(fd, message, message_size), message_size);
	assert_int_equal(spool_durable(place->store, fd), 0);
	assert_int_equal(fstat(fd, &status), 0);
	snprintf(path, sizeof path, "%s/.spool/spool.%llu", place->mail,
		 (unsigned long long)status.st_ino);
	assert_true(file_there(path));
	assert_int_equal(store_deliver(place->store, fd, to, 2, "", &failure), OUTCOME_OK);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_nlink, 2);
	assert_int_equal(files_in("%s/.spool", place->mail), SPOOL_FILES);
	close(fd);
	/* A delivery that fails keeps no name, and may be repeated. */
	to[0].quota = message_size;
	fd = store_spool(place->store, &failure);
	assert_int_equal(write(fd, message, message_size), message_size);
	assert_int_equal(store_deliver(place->store, fd, to, 1, "", &failure), OUTCOME_PERM);
	assert_int_equal(files_in("%s/.spool", place->mail), SPOOL_FILES);
	to[0].quota = 3 * message_size;
	assert_int_equal(store_deliver(place->store, fd, to, 2, "", &failure), OUTCOME_OK);
	close(fd);
	assert_int_equal(files_in("%s/.spool", place->mail), SPOOL_FILES);
	assert_int_equal(files_in("%s/corp.example/alice/tmp", place->mail), 0);
	assert_int_equal(files_in("%s/corp.example/bob/new", place->mail), 2);
}

/* No file system in memory has inodes on a disk. */
static void name_first_where_needed(void **state)
{
	struct place *place = *state;
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_false(links_need_inode(proc));
	assert_int_equal(atomic_load(&place->store->name_first),
			 !atomic_load(&place->store->named_spool) &&
				 links_need_inode(place->store->spool_fd));
	close(proc);
}

/* Too many links on one file: ext4 allows 65,000. Made by hand, without 65,000 mailboxes. */
static void too_many_links(void **state)
{
	struct place *place = *state;
	struct store_mailbox to[] = { who(ALICE, "corp.example", "alice", 0),
				      who(BOB, "corp.example", "bob", 0) };
	struct store_failure failure;
	char folder[128], name[192];
	int fd, directory;

	fd = store_spool(place->store, &failure);
	assert_int_equal(write(fd, message, message_size), message_size);
	snprintf(folder, sizeof folder, "%s/links", place->root);
	assert_int_equal(mkdir(folder, 0700), 0);
	directory = open(folder, O_RDONLY | O_DIRECTORY);
	for (unsigned i = 0; i < 70000; i++) {
		snprintf(name, sizeof name, "%u", i);
		if (spool_link(fd, directory, name) != 0)
			break;
	}
	close(directory);
	if (errno != EMLINK)
		print_message("[  SKIP  ] this file system has no limit of links below 70,000\n");
	assert_int_equal(store_deliver(place->store, fd, to, 2, "", &failure), OUTCOME_OK);
	close(fd);
	assert_int_equal(files_in("%s/corp.example/alice/new", place->mail), 1);
	assert_int_equal(files_in("%s/corp.example/bob/new", place->mail), 1);
	assert_int_equal(files_in("%s/corp.example/alice/tmp", place->mail), 0);
}

struct worker {
	struct place *place;
	struct store_mailbox *to;
	size_t count, accepted, refused;
};

static void *work(void *argument)
{
	struct worker *worker = argument;

	for (size_t i = 0; i < 60; i++) {
		struct store_failure failure;
		enum outcome outcome = deliver_bytes(worker->place->store, message, message_size,
						     worker->to, worker->count, &failure);

		if (outcome == OUTCOME_OK)
			worker->accepted++;
		else if (outcome == OUTCOME_PERM && failure.over_quota)
			worker->refused++;
	}
	return NULL;
}

static void quota_is_exact(void **state)
{
	struct place *place = *state;
	struct store_mailbox to[] = { who(ALICE, "corp.example", "alice", message_size * 100 + 7),
				      who(BOB, "corp.example", "bob", message_size * 1000) };
	struct worker workers[8];
	pthread_t threads[8];
	size_t accepted = 0, to_bob = 0;

	for (size_t i = 0; i < 8; i++) {
		workers[i] = (struct worker){ place, to, 1 + i % 2, 0, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (size_t i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(workers[i].accepted + workers[i].refused, 60);
		accepted += workers[i].accepted;
		to_bob += i % 2 ? workers[i].accepted : 0;
	}
	assert_int_equal(accepted, 100);
	assert_int_equal(files_in("%s/corp.example/alice/new", place->mail), 100);
	assert_int_equal(files_in("%s/corp.example/bob/new", place->mail), to_bob);
	assert_int_equal(usage_of(place->store, &to[0]).octets, 100 * message_size);
	assert_int_equal(usage_of(place->store, &to[1]).octets, to_bob * message_size);
}

/* Every thread delivers to mailboxes that do not exist yet: each is made once. */
static void creation_race(void **state)
{
	struct place *place = *state;
	struct store_mailbox to[] = { who(ALICE, "corp.example", "same", 0),
				      who(BOB, "corp.example", "same", 0) };
	struct worker workers[4];
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++) {
		workers[i] = (struct worker){ place, &to[i % 2], 1, 0, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(files_in("%s/corp.example", place->mail), 2);
	assert_int_equal(usage_of(place->store, &to[0]).messages, 120);
	assert_int_equal(usage_of(place->store, &to[1]).messages, 120);
	assert_int_equal(files_in("%s/.id", place->mail), 2);
}

/* Behind a crash: by its label, in new and in cur, under whatever flags; and nothing that only
 * resembles it. */
static void found_again(void **state)
{
	struct place *place = *state;
	struct store_mailbox alice = who("0badc0de", "corp.example", "alice", 0);
	struct store_mailbox bob = who("0badc0df", "corp.example", "bob", 0);
	char command[512], path[256];

	assert_false(store_has(place->store, &alice, "label")); /* no mailbox yet */
	assert_int_equal(deliver_text(place->store, "Subject: a\r\n\r\nb\r\n", &alice), OUTCOME_OK);
	assert_true(store_has(place->store, &alice, "label"));
	assert_false(store_has(place->store, &alice, "labe"));
	assert_false(store_has(place->store, &alice, "label2"));
	assert_false(store_has(place->store, &alice, ""));
	assert_false(store_has(place->store, &bob, "label"));
	snprintf(command, sizeof command,
		 "cd %s/corp.example/alice/new && for f in *; do mv \"$f\" \"../cur/$f:2,S\"; done",
		 place->mail);
	assert_int_equal(system(command), 0);
	assert_true(store_has(place->store, &alice, "label"));
	assert_false(store_suspects(place->store, time(NULL) - 10));
	place_close(place);
	snprintf(path, sizeof path, "%s/.spool/state", place->mail);
	file_make(path, "running\n");
	place_open(place);
	assert_true(store_suspects(place->store, time(NULL) - 10));
	assert_false(store_suspects(place->store, time(NULL) + 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_copy_for_all, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(all_or_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(many_mailboxes, setup, teardown),
		cmocka_unit_test_setup_teardown(named_spool, setup, teardown),
		cmocka_unit_test_setup_teardown(name_first, setup, teardown),
		cmocka_unit_test_setup_teardown(name_first_where_needed, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_links, setup, teardown),
		cmocka_unit_test_setup_teardown(quota_is_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(creation_race, setup, teardown),
		cmocka_unit_test_setup_teardown(found_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
