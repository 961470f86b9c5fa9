/* SPDX-License-Identifier: ISC */
/* The administrator beside a store that serves. */
#include "store/store_private.h"
#include "tests/unit/store/store_help.h"

#define ID "cb1838e789013cbb44f1fecb7f709956"

static struct store *visit(const struct place *place)
{
	struct store_failure failure;
	struct store *store = store_visit(place->mail, &failure);

	if (!store)
		fail_msg("%s", failure.reason);
	return store;
}

static void deliver(const struct place *place, const struct store_mailbox *mailbox)
{
	struct store_failure failure;

	assert_int_equal(deliver_bytes(place->store, "a\r\nb\r\n", 6, mailbox, 1, &failure),
			 OUTCOME_OK);
}

static bool count(void *context, const char *name)
{
	assert_string_equal(name, "alice");
	++*(unsigned *)context;
	return true;
}

static void sees_what_is_there(void **state)
{
	struct place *place = *state;
	struct store_mailbox alice = who(ID, "corp.example", "alice", 0),
			     by_name = who("", "corp.example", "alice", 0);
	struct store *store = visit(place);
	struct store_failure failure;
	struct store_usage usage;
	unsigned names = 0;
	bool exists = true;

	assert_int_equal(store_visit_usage(store, &alice, &exists, &usage, &failure), OUTCOME_OK);
	assert_false(exists);
	deliver(place, &alice);
	deliver(place, &alice);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(
			store_visit_usage(store, i ? &by_name : &alice, &exists, &usage, &failure),
			OUTCOME_OK);
		assert_true(exists);
		assert_int_equal(usage.messages, 2);
		assert_int_equal(usage.octets, 12);
	}
	assert_true(store_visit_names(store, "corp.example", count, &names));
	assert_true(store_visit_names(store, "sales.example", count, &names));
	assert_int_equal(names, 1);
	store_visit_end(store);
}

static void on_warning(void *context, const struct store_mailbox *mailbox, uint64_t used)
{
	(void)mailbox;
	*(uint64_t *)context = used;
}

/* Whose a mailbox is, that he was warned, and its count forgotten beside the store that goes on. */
static void sees_the_quota(void **state)
{
	struct place *place = *state;
	struct store_mailbox alice = who(ID, "corp.example", "alice", 1000);
	struct store *store = visit(place);
	struct store_failure failure;
	struct store_usage usage;
	char id[STORE_ID_SIZE], path[200];
	uint64_t told = 0;
	int64_t when = 1;

	store_on_warning(place->store, &(struct store_warning){ on_warning, &told });
	alice.warn = 6;
	assert_false(store_visit_identity(store, "corp.example", "alice", id));
	deliver(place, &alice);
	assert_true(store_visit_identity(store, "corp.example", "alice", id));
	assert_string_equal(id, ID);
	assert_false(store_visit_identity(store, "corp.example", "../corp.example/alice/..", id));
	assert_int_equal(told, 6);
	assert_int_equal(store_visit_warned(store, &alice, &when, &failure), OUTCOME_OK);
	assert_int_equal(when, 0); /* under way */
	assert_int_equal(store_warned(place->store, &alice, &failure), OUTCOME_OK);
	assert_int_equal(store_visit_warned(store, &alice, &when, &failure), OUTCOME_OK);
	assert_true(when > 0);
	snprintf(path, sizeof path, "%s/corp.example/alice/maildirsize", place->mail);
	file_make(path, "1000S\n700 7\n");
	assert_int_equal(store_visit_recount(store, &alice, &failure), OUTCOME_OK);
	assert_int_equal(store_visit_recount(store, &alice, &failure), OUTCOME_OK);
	deliver(place, &alice);
	assert_int_equal(store_usage(place->store, &alice, &usage, &failure), OUTCOME_OK);
	assert_int_equal(usage.octets, 12);
	store_visit_end(store);
}

static void removes_all_of_it(void **state)
{
	struct place *place = *state;
	struct store_mailbox alice = who(ID, "corp.example", "alice", 0);
	struct store *store = visit(place);
	struct store_failure failure;
	struct store_usage usage;
	char path[200];
	bool existed = true;

	assert_int_equal(store_visit_remove(store, &alice, &existed, &failure), OUTCOME_OK);
	assert_false(existed);
	deliver(place, &alice);
	snprintf(path, sizeof path, "%s/corp.example/alice/.Folder", place->mail);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/corp.example/alice/.Folder/cur", place->mail);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/corp.example/alice/.Folder/cur/1.a", place->mail);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(store_visit_remove(store, &alice, &existed, &failure), OUTCOME_OK);
	assert_true(existed);
	snprintf(path, sizeof path, "%s/corp.example/alice", place->mail);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof path, "%s/.id/" ID, place->mail);
	assert_int_equal(readlink(path, path + 100, 50), -1);
	snprintf(path, sizeof path, "ls %s/.spool | grep -q removed", place->mail);
	assert_int_not_equal(system(path), 0);
	/* The store that serves makes a new one. */
	deliver(place, &alice);
	assert_int_equal(store_usage(place->store, &alice, &usage, &failure), OUTCOME_OK);
	assert_int_equal(usage.messages, 1);
	store_visit_end(store);
}

/* A link in the mailbox is removed, what it leads to stays. */
static void follows_no_link(void **state)
{
	struct place *place = *state;
	struct store_mailbox alice = who(ID, "corp.example", "alice", 0);
	struct store *store = visit(place);
	struct store_failure failure;
	char path[200], kept[100];
	bool existed;

	deliver(place, &alice);
	snprintf(kept, sizeof kept, "%s/kept", place->root);
	assert_int_equal(mkdir(kept, 0700), 0);
	snprintf(path, sizeof path, "%s/kept/file", place->root);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	snprintf(path, sizeof path, "%s/corp.example/alice/link", place->mail);
	assert_int_equal(symlink(kept, path), 0);
	snprintf(path, sizeof path, "%s/corp.example/alice/.link", place->mail);
	assert_int_equal(symlink(kept, path), 0);
	assert_int_equal(store_visit_remove(store, &alice, &existed, &failure), OUTCOME_OK);
	snprintf(path, sizeof path, "%s/kept/file", place->root);
	assert_int_equal(access(path, F_OK), 0);
	snprintf(path, sizeof path, "%s/corp.example/alice", place->mail);
	assert_int_equal(access(path, F_OK), -1);
	store_visit_end(store);
}

/* As if the domain's folder were exchanged for a link after the mailbox was looked at. */
static void takes_nothing_from_elsewhere(void **state)
{
	struct place *place = *state;
	struct store *store = visit(place);
	char path[200], kept[100];

	snprintf(kept, sizeof kept, "%s/kept", place->root);
	assert_int_equal(mkdir(kept, 0700), 0);
	snprintf(path, sizeof path, "%s/kept/alice", place->root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/corp.example", place->mail);
	assert_int_equal(symlink(kept, path), 0);
	assert_false(visit_take_away(store, "corp.example/alice", "removed.x"));
	assert_false(visit_take_away(store, "corp.example", "removed.x"));
	snprintf(path, sizeof path, "%s/kept/alice", place->root);
	assert_int_equal(access(path, F_OK), 0);
	store_visit_end(store);
}

static void names_that_are_none(void **state)
{
	static const char *const names[] = { "..", ".id", "a/b", "", "nobody" };
	struct store *store = visit(*state);
	struct store_failure failure;
	bool existed;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct store_mailbox none = who("", "corp.example", names[i], 0);

		assert_int_equal(store_visit_remove(store, &none, &existed, &failure), OUTCOME_OK);
		assert_false(existed);
	}
	store_visit_end(store);
	assert_null(store_visit("/no/such/place", &failure));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sees_what_is_there, setup, teardown),
		cmocka_unit_test_setup_teardown(sees_the_quota, setup, teardown),
		cmocka_unit_test_setup_teardown(removes_all_of_it, setup, teardown),
		cmocka_unit_test_setup_teardown(follows_no_link, setup, teardown),
		cmocka_unit_test_setup_teardown(takes_nothing_from_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(names_that_are_none, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
