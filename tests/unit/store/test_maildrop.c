/* SPDX-License-Identifier: ISC */
#include "tests/unit/store/store_help.h"

#include "base/clock.h"

#define ALICE "0a0a0a0a1111"

static const char message[] = "Subject: x\r\n\r\nbody\r\n";
static const size_t message_size = sizeof message - 1;

static void exclusive(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 0);
	struct store_maildrop *first = drop_open(place->store, &to), *second;
	struct store_failure failure;
	bool busy;

	assert_int_equal(store_maildrop_open(place->store, &to, &second, &busy, &failure),
			 OUTCOME_TEMP);
	assert_true(busy);
	assert_null(second);
	/* Mail still comes in, but is not in the list of the session that is open. */
	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	assert_int_equal(store_maildrop_count(first), 0);
	store_maildrop_close(first);
	second = drop_open(place->store, &to);
	assert_int_equal(store_maildrop_count(second), 1);
	store_maildrop_close(second);
	store_maildrop_close(NULL);
}

static void order_and_removal(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 100000);
	struct store_maildrop *maildrop;
	struct store_failure failure;
	char text[64], uid[71], *got;
	size_t removed;

	for (int i = 1; i <= 20; i++) {
		snprintf(text, sizeof text, "number %d\r\n", i);
		assert_int_equal(deliver_text(place->store, text, &to), OUTCOME_OK);
	}
	maildrop = drop_open(place->store, &to);
	assert_int_equal(store_maildrop_count(maildrop), 20);
	for (size_t i = 1; i <= 20; i++) {
		snprintf(text, sizeof text, "number %zu\r\n", i);
		got = message_text(maildrop, i);
		assert_string_equal(got, text);
		assert_int_equal(store_maildrop_size(maildrop, i), strlen(text));
		free(got);
	}
	snprintf(uid, sizeof uid, "%s", store_maildrop_uid(maildrop, 3));
	assert_int_equal(store_maildrop_remove(maildrop, (uint32_t[]){ 1, 2, 20, 99 }, 4, &removed,
					       &failure),
			 OUTCOME_OK);
	assert_int_equal(removed, 3);
	store_maildrop_close(maildrop);
	assert_int_equal(usage_of(place->store, &to).messages, 17);
	maildrop = drop_open(place->store, &to);
	assert_int_equal(store_maildrop_count(maildrop), 17);
	assert_string_equal(store_maildrop_uid(maildrop, 1), uid);
	assert_int_equal(store_maildrop_size(maildrop, 0), 0);
	assert_int_equal(store_maildrop_size(maildrop, 18), 0);
	assert_string_equal(store_maildrop_uid(maildrop, 18), "");
	store_maildrop_close(maildrop);
	to.quota = 0;
	assert_int_equal(usage_of(place->store, &to).octets, 7 * 10 + 10 * 11);
}

/* An IMAP server moves messages to cur and sets flags while the session is open. */
static void renamed_by_others(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 100000);
	struct store_maildrop *maildrop;
	struct store_failure failure;
	enum outcome outcome;
	char command[512], *text;
	size_t removed;

	for (int i = 0; i < 4; i++)
		assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	maildrop = drop_open(place->store, &to);
	snprintf(command, sizeof command,
		 "cd %s/corp.example/alice/new && n=0; for f in *; do n=$((n+1)); "
		 "[ $n = 2 ] && rm $f || mv $f ../cur/$f:2,S; done",
		 place->mail);
	assert_int_equal(system(command), 0);
	text = message_text(maildrop, 1);
	assert_string_equal(text, message);
	free(text);
	snprintf(command, sizeof command,
		 "cd %s/corp.example/alice/cur && for f in *; do mv $f ${f}T; done", place->mail);
	assert_int_equal(system(command), 0);
	for (size_t i = 1, gone = 0; i <= 4; i++) {
		int fd = store_maildrop_message(maildrop, i, &outcome, &failure);

		gone += fd < 0;
		assert_int_equal(outcome, fd < 0 ? OUTCOME_PERM : OUTCOME_OK);
		assert_true(gone <= 1);
		if (fd >= 0)
			close(fd);
	}
	assert_int_equal(store_maildrop_message(maildrop, 9, &outcome, &failure), -1);
	assert_int_equal(outcome, OUTCOME_PERM);
	assert_int_equal(
		store_maildrop_remove(maildrop, (uint32_t[]){ 1, 2, 3, 4 }, 4, &removed, &failure),
		OUTCOME_OK);
	assert_int_equal(removed, 4);
	store_maildrop_close(maildrop);
	assert_int_equal(files_in("%s/corp.example/alice/cur", place->mail), 0);
	maildrop = drop_open(place->store, &to);
	assert_int_equal(store_maildrop_count(maildrop), 0);
	store_maildrop_close(maildrop);
}

/* A Maildir another program filled: bare LF, no sizes, names POP3 cannot carry. */
static void foreign_messages(void **state)
{
	static const struct {
		const char *name, *stored, *sent;
	} rows[] = {
		{ "cur/1.a:2,S", "a\nb\n", "a\r\nb\r\n" },
		{ "cur/2.b,S=4:2,S", "a\nb\n", "a\r\nb\r\n" },
		{ "new/3.c,S=4,W=6", "a\nb\n", "a\r\nb\r\n" },
		{ "new/4.d", "a\r\nb", "a\r\nb\r\n" },
		{ "new/5.e,S=4,W=4", "a\r\n\n", "a\r\n\n" }, /* a wrong W= is believed */
		{ "new/6.f g", "\n", "\r\n" },
		{ "new/7.g", "", "" },
		{ "new/8.h", "a\rb\n", "a\rb\r\n" },
	};
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 0);
	struct store_maildrop *maildrop = drop_open(place->store, &to);
	char path[512];

	store_maildrop_close(maildrop);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		snprintf(path, sizeof path, "%s/corp.example/alice/%s", place->mail, rows[i].name);
		file_make(path, rows[i].stored);
	}
	snprintf(path, sizeof path, "%s/corp.example/alice/cur/.hidden", place->mail);
	file_make(path, "x");
	for (int again = 0; again < 2; again++) {
		maildrop = drop_open(place->store, &to);
		assert_int_equal(store_maildrop_count(maildrop), sizeof rows / sizeof rows[0]);
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
			char *text = message_text(maildrop, i + 1);

			assert_string_equal(text, rows[i].sent);
			assert_int_equal(store_maildrop_size(maildrop, i + 1), strlen(text));
			assert_true(strspn(store_maildrop_uid(maildrop, i + 1),
					   "0123456789abcdefgh.") ==
				    strlen(store_maildrop_uid(maildrop, i + 1)));
			free(text);
		}
		store_maildrop_close(maildrop);
	}
	assert_int_equal(usage_of(place->store, &to).octets, 4 * 5 + 1 + 4);
}

/* Larger than what is converted in memory, with line ends across the pieces it is read in. */
static void large_conversion(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 0);
	const size_t lines = 400000;
	char *text = memory_new(lines * 7 + 1), path[512], *got;
	struct store_maildrop *maildrop;
	size_t used = 0, wire = 0;

	store_maildrop_close(drop_open(place->store, &to));
	for (size_t i = 0; i < lines; i++) {
		used += (size_t)snprintf(text + used, 8, i % 3 == 0 ? "line\r\n" : "line%.*s\n",
					 (int)(i % 2), "x");
		wire += i % 3 == 0 ? 6 : 6 + i % 2;
	}
	snprintf(path, sizeof path, "%s/corp.example/alice/new/1.x", place->mail);
	file_make(path, text);
	maildrop = drop_open(place->store, &to);
	assert_int_equal(store_maildrop_size(maildrop, 1), wire);
	got = message_text(maildrop, 1);
	assert_int_equal(strlen(got), wire);
	for (char *feed = strchr(got, '\n'); feed != NULL; feed = strchr(feed + 1, '\n'))
		assert_true(feed[-1] == '\r' && feed[-2] != '\r');
	store_maildrop_close(maildrop);
	free(got);
	free(text);
}

/* BINARYMIME: a bare LF is stored as it came and counted as POP3 sends it. */
static void binary_message(void **state)
{
	static const char bytes[] = "Subject: x\r\n\r\na\nb";
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 0);
	struct store_maildrop *maildrop;
	char *text;

	assert_int_equal(deliver_text(place->store, bytes, &to), OUTCOME_OK);
	assert_int_equal(deliver_text(place->store, "a\nb\r\n", &to), OUTCOME_OK);
	maildrop = drop_open(place->store, &to);
	text = message_text(maildrop, 1);
	assert_string_equal(text, "Subject: x\r\n\r\na\r\nb\r\n");
	assert_int_equal(store_maildrop_size(maildrop, 1), strlen(text));
	free(text);
	text = message_text(maildrop, 2);
	assert_string_equal(text, "a\r\nb\r\n");
	assert_int_equal(store_maildrop_size(maildrop, 2), strlen(text));
	free(text);
	store_maildrop_close(maildrop);
}

static void many_messages(void **state)
{
	const size_t count = getenv("STORE_MANY") != NULL ? 100000 : 5000;
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 0);
	struct store_maildrop *maildrop = drop_open(place->store, &to);
	char path[512];
	int64_t start;

	store_maildrop_close(maildrop);
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof path,
			 "%s/corp.example/alice/%s/%zu.M%zuP1Q%zu.host,S=%zu,W=%zu%s", place->mail,
			 i % 2 ? "new" : "cur", 1700000000 + i / 100, i * 7919 % count, i,
			 message_size, message_size, i % 2 ? "" : ":2,S");
		file_make(path, message);
	}
	start = clock_ms();
	maildrop = drop_open(place->store, &to);
	print_message("%zu messages opened in %lld ms\n", count, (long long)(clock_ms() - start));
	assert_int_equal(store_maildrop_count(maildrop), count);
	for (size_t i = 2; i <= count; i++)
		assert_true(strncmp(store_maildrop_uid(maildrop, i - 1),
				    store_maildrop_uid(maildrop, i), 10) <= 0);
	store_maildrop_close(maildrop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(exclusive, setup, teardown),
		cmocka_unit_test_setup_teardown(order_and_removal, setup, teardown),
		cmocka_unit_test_setup_teardown(renamed_by_others, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(large_conversion, setup, teardown),
		cmocka_unit_test_setup_teardown(binary_message, setup, teardown),
		cmocka_unit_test_setup_teardown(many_messages, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
