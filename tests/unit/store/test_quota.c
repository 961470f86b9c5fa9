/* SPDX-License-Identifier: ISC */
/* maildirsize on disk: kept, recalculated, shared with other programs; and disks that are full. */
#include "tests/unit/store/store_help.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <time.h>

#define ALICE "0a0a0a0a1111"
#define BOB   "0b0b0b0b2222"

static const char message[] = "Subject: x\r\n\r\nbody\r\n";
static const size_t message_size = sizeof message - 1;

static void alice_path(const struct place *place, const char *rest, char path[256])
{
	snprintf(path, 256, "%s/corp.example/alice/%s", place->mail, rest);
}

static char *alice_maildirsize(const struct place *place)
{
	char path[256], *text = memory_new(8192);
	int fd;

	alice_path(place, "maildirsize", path);
	fd = open(path, O_RDONLY);
	if (fd >= 0) {
		assert_true(read(fd, text, 8191) >= 0);
		close(fd);
	}
	return text;
}

static void file_is_kept(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 1000);
	char expected[128], *text;

	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	text = alice_maildirsize(place);
	snprintf(expected, sizeof expected, "1000S\n0 0\n%zu 1\n", message_size);
	assert_string_equal(text, expected);
	free(text);
	/* Another quota from the directory: the file is written anew. */
	to.quota = 2000;
	assert_int_equal(usage_of(place->store, &to).octets, message_size);
	text = alice_maildirsize(place);
	snprintf(expected, sizeof expected, "2000S\n%zu 1\n", message_size);
	assert_string_equal(text, expected);
	free(text);
	/* Without a quota now: the file that is there goes on. */
	to.quota = 0;
	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	to.quota = 2000;
	assert_int_equal(usage_of(place->store, &to).octets, 2 * message_size);
}

static void broken_file(void **state)
{
	static const char *const texts[] = { "", "rubbish", "1000S\n1", "1000S\n5 5\n-6 0\n",
					     "1000S\n999999 1\n7" };
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 1000);
	char path[256];

	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	alice_path(place, "maildirsize", path);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		file_make(path, texts[i]);
		assert_int_equal(usage_of(place->store, &to).octets, message_size);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(usage_of(place->store, &to).octets, message_size);
}

/* The file says full, the directory does not: nobody is refused for what is no longer there. */
static void refusal_counts_again(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 100);
	char path[256];

	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	alice_path(place, "maildirsize", path);
	file_make(path, "100S\n95 5\n");
	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	assert_int_equal(usage_of(place->store, &to).octets, 2 * message_size);
}

static void long_file(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 1000000);
	struct stat status;
	char path[256];

	alice_path(place, "maildirsize", path);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
		assert_int_equal(stat(path, &status), 0);
		assert_true(status.st_size < 5120 + 64);
	}
	assert_int_equal(usage_of(place->store, &to).messages, 1000);
}

/* Other programs: subfolders count, sizes come from names or stat, new mail of theirs is seen. */
static void other_writers(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 10000);
	char path[256];

	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	place_reopen(place); /* so that the last count was not a moment ago */
	alice_path(place, ".Sent", path);
	assert_int_equal(mkdir(path, 0700), 0);
	alice_path(place, ".Sent/cur", path);
	assert_int_equal(mkdir(path, 0700), 0);
	alice_path(place, ".Sent/cur/1.x:2,S", path);
	file_make(path, "12345");
	usleep(20000);
	alice_path(place, "cur/2.x,S=100:2,S", path);
	file_make(path, "1");
	assert_int_equal(usage_of(place->store, &to).octets, message_size + 5 + 100);
	to.quota = 0;
	assert_int_equal(usage_of(place->store, &to).octets, message_size + 5 + 100);
}

/* A maildirsize from before a crash is not believed, one from an orderly end is. */
static void after_a_crash(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 1000);
	char path[256];

	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	alice_path(place, "maildirsize", path);
	file_make(path, "1000S\n500 5\n");
	place_reopen(place);
	assert_int_equal(usage_of(place->store, &to).octets, 500);
	place_close(place);
	snprintf(path, sizeof path, "%s/.spool/state", place->mail);
	file_make(path, "running\n");
	usleep(20000);
	/* Nor behind a run that ended in order, but in which nobody came to the mailbox. */
	place_open(place);
	place_reopen(place);
	assert_int_equal(usage_of(place->store, &to).octets, message_size);
	/* What was counted since is believed again; times of files move in ticks, so it must be later. */
	usleep(20000);
	alice_path(place, "maildirsize", path);
	file_make(path, "1000S\n400 4\n");
	place_reopen(place);
	assert_int_equal(usage_of(place->store, &to).octets, 400);
}

struct warned {
	unsigned count;
	uint64_t used;
};

static void on_warning(void *context, const struct store_mailbox *mailbox, uint64_t used)
{
	struct warned *warned = context;

	assert_string_equal(mailbox->id, ALICE);
	warned->count++;
	warned->used = used;
}

/* As if what is noted of the warning were so much older. */
static void warned_age(const struct place *place, int64_t seconds)
{
	struct timespec then[2] = { { .tv_sec = time(NULL) - seconds },
				    { .tv_sec = time(NULL) - seconds } };
	char path[256];

	alice_path(place, "postern-warned", path);
	assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
}

static void deliver_ok(struct place *place, const struct store_mailbox *to, unsigned times)
{
	while (times-- > 0)
		assert_int_equal(deliver_text(place->store, message, to), OUTCOME_OK);
}

/* Once when the level is reached, once more when the mailbox was clearly below and reaches it again. */
static void warns_once(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 100 * message_size);
	struct warned warned = { 0 };
	struct store_failure failure;

	store_on_warning(place->store, &(struct store_warning){ on_warning, &warned });
	to.warn = 2 * message_size;
	deliver_ok(place, &to, 1);
	assert_int_equal(warned.count, 0);
	deliver_ok(place, &to, 3);
	assert_int_equal(warned.count, 1);
	assert_int_equal(warned.used, 2 * message_size);
	assert_int_equal(store_warned(place->store, &to, &failure), OUTCOME_OK);
	/* It holds 4. A level just above that is not clearly above. */
	to.warn = 4 * message_size + 1;
	deliver_ok(place, &to, 1);
	assert_int_equal(warned.count, 1);
	/* One far above is, and one message crosses it then. */
	to.warn = 6 * message_size;
	deliver_ok(place, &to, 1);
	assert_int_equal(warned.count, 2);
	assert_int_equal(warned.used, 6 * message_size);
}

static void warns_again(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 100 * message_size);
	struct warned warned = { 0 };
	struct store_failure failure;

	store_on_warning(place->store, &(struct store_warning){ on_warning, &warned });
	to.warn = message_size;
	deliver_ok(place, &to, 1);
	assert_int_equal(store_warned(place->store, &to, &failure), OUTCOME_OK);
	warned_age(place, 4000);
	deliver_ok(place, &to, 1);
	assert_int_equal(warned.count, 1); /* not wanted */
	store_warn_again(place->store, 3600);
	deliver_ok(place, &to, 2);
	assert_int_equal(warned.count, 2); /* and is under way */
	assert_int_equal(store_warned(place->store, &to, &failure), OUTCOME_OK);
	deliver_ok(place, &to, 1);
	assert_int_equal(warned.count, 2);
}

/* Who dies before it has arrived, or cannot deliver it, is followed by another. */
static void warning_is_repeated(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 100 * message_size);
	struct warned warned = { 0 };
	struct store_failure failure;

	store_on_warning(place->store, &(struct store_warning){ on_warning, &warned });
	to.warn = message_size;
	deliver_ok(place, &to, 2);
	assert_int_equal(warned.count, 1);
	place_reopen(place);
	store_on_warning(place->store, &(struct store_warning){ on_warning, &warned });
	deliver_ok(place, &to, 1);
	assert_int_equal(warned.count, 1); /* it may still be under way */
	warned_age(place, 61);
	deliver_ok(place, &to, 2);
	assert_int_equal(warned.count, 2);
	assert_int_equal(store_warned(place->store, &to, &failure), OUTCOME_OK);
	warned_age(place, 61);
	deliver_ok(place, &to, 1);
	assert_int_equal(warned.count, 2);
}

/* The warning itself fits into a mailbox that is full; it counts all the same. */
static void warning_fits(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", message_size);

	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_PERM);
	to.beyond = true;
	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	assert_int_equal(usage_of(place->store, &to).octets, 2 * message_size);
}

static bool tiny_disk(const char *path)
{
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("postern", path, "tmpfs", 0, "size=256k,nr_inodes=125") != 0) {
		print_message("[  SKIP  ] a tiny file system needs root: %s\n", strerror(errno));
		return false;
	}
	return true;
}

/* Octets run out while spooling, names run out while linking: TEMP, full, nothing left behind. */
static void full_disk(void **state)
{
	struct place *place = *state;
	struct store_mailbox to[30];
	struct store_failure failure;
	enum outcome outcome = OUTCOME_OK;
	size_t made = 0, links;

	place_close(place);
	assert_true(mkdir(place->mail, 0700) == 0 || errno == EEXIST);
	if (!tiny_disk(place->mail)) {
		place_open(place);
		skip();
	}
	place_open(place);
	for (size_t i = 0; i < 30; i++) {
		char id[16], name[16];

		snprintf(id, sizeof id, "%08zx", i);
		snprintf(name, sizeof name, "user%zu", i);
		to[i] = who(id, "corp.example", name, 100000);
	}
	while (outcome == OUTCOME_OK && made < 30) {
		outcome =
			deliver_bytes(place->store, message, message_size, &to[made], 1, &failure);
		made += outcome == OUTCOME_OK;
	}
	assert_int_equal(outcome, OUTCOME_TEMP);
	assert_true(failure.full);
	assert_int_equal(files_in("%s/.spool", place->mail), SPOOL_FILES);
	assert_true(made > 3);
	/* Existing mailboxes together, until the links do not fit: none of them has the message. */
	do {
		links = files_in("%s/corp.example/user0/new", place->mail);
		outcome = deliver_bytes(place->store, message, message_size, to, made, &failure);
	} while (outcome == OUTCOME_OK);
	print_message("%zu mailboxes, %zu messages, then %s\n", made, links, failure.reason);
	assert_int_equal(outcome, OUTCOME_TEMP);
	assert_true(failure.full);
	for (size_t i = 0; i < made; i++) {
		assert_int_equal(files_in("%s/corp.example/user%zu/new", place->mail, i), links);
		assert_int_equal(usage_of(place->store, &to[i]).octets, links * message_size);
	}

	place_close(place);
	assert_int_equal(umount2(place->mail, MNT_DETACH), 0);
	place_open(place);
}

/* Descriptors run out at every possible step. */
static void no_descriptors(void **state)
{
	struct place *place = *state;
	struct store_mailbox to[] = { who(ALICE, "corp.example", "alice", 100000),
				      who(BOB, "corp.example", "bob", 0) };
	struct store_failure failure;
	struct rlimit before, low;
	size_t accepted = 0;
	int fd = store_spool(place->store, &failure), first = dup(fd);

	assert_int_equal(write(fd, message, message_size), message_size);
	close(first);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (rlim_t more = 0; more < 12; more++) {
		low = before;
		low.rlim_cur = (rlim_t)first + more;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
		accepted += store_deliver(place->store, fd, to, 2, "", &failure) == OUTCOME_OK;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_false(failure.full);
		assert_int_equal(files_in("%s/corp.example/alice/new", place->mail), accepted);
		assert_int_equal(files_in("%s/corp.example/bob/new", place->mail), accepted);
		assert_int_equal(files_in("%s/.spool", place->mail), SPOOL_FILES);
		assert_int_equal(usage_of(place->store, &to[0]).messages, accepted);
	}
	assert_true(accepted > 0 && accepted < 12);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(file_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(broken_file, setup, teardown),
		cmocka_unit_test_setup_teardown(refusal_counts_again, setup, teardown),
		cmocka_unit_test_setup_teardown(long_file, setup, teardown),
		cmocka_unit_test_setup_teardown(other_writers, setup, teardown),
		cmocka_unit_test_setup_teardown(after_a_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(warns_once, setup, teardown),
		cmocka_unit_test_setup_teardown(warns_again, setup, teardown),
		cmocka_unit_test_setup_teardown(warning_is_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(warning_fits, setup, teardown),
		cmocka_unit_test_setup_teardown(no_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(full_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
