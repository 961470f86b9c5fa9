/* SPDX-License-Identifier: ISC */
/* Identities and names: renamed people, re-used names, adopted directories, hostile names. */
#include "tests/unit/store/store_help.h"

#define ALICE "0a0a0a0a1111"
#define BOB   "0b0b0b0b2222"

static const char message[] = "Subject: x\r\n\r\nbody\r\n";

static bool there(const struct place *place, const char *path)
{
	char whole[512];

	snprintf(whole, sizeof whole, "%s/%s", place->mail, path);
	return file_there(whole);
}

static void renamed_person(void **state)
{
	struct place *place = *state;
	struct store_mailbox before = who(ALICE, "corp.example", "alice", 0);
	struct store_mailbox after = who(ALICE, "sales.example", "alice.smith", 0);

	assert_int_equal(deliver_text(place->store, message, &before), OUTCOME_OK);
	assert_int_equal(deliver_text(place->store, message, &after), OUTCOME_OK);
	assert_int_equal(files_in("%s/corp.example/alice/new", place->mail), 2);
	assert_false(there(place, "sales.example"));
	assert_int_equal(usage_of(place->store, &after).messages, 2);
}

static void reused_name(void **state)
{
	struct place *place = *state;
	struct store_mailbox old = who(ALICE, "corp.example", "chief", 0);
	struct store_mailbox new = who(BOB, "corp.example", "chief", 0);
	struct store_mailbox twin = who("0b0b0b0b9999", "corp.example", "chief", 0);
	struct store_maildrop *maildrop;

	assert_int_equal(deliver_text(place->store, message, &old), OUTCOME_OK);
	assert_int_equal(usage_of(place->store, &new).messages, 0);
	maildrop = drop_open(place->store, &new);
	assert_int_equal(store_maildrop_count(maildrop), 0);
	store_maildrop_close(maildrop);
	assert_true(there(place, "corp.example/chief.0b0b0b0b/new"));
	assert_int_equal(deliver_text(place->store, message, &twin), OUTCOME_OK);
	assert_true(there(place, "corp.example/chief.0b0b0b0b9999/new"));
	assert_int_equal(usage_of(place->store, &old).messages, 1);
	assert_int_equal(usage_of(place->store, &new).messages, 0);
}

static void adopted_directory(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 0);
	char path[512];

	snprintf(path, sizeof path,
		 "mkdir -p %s/corp.example/alice/cur && printf 'a\\n' > "
		 "%s/corp.example/alice/cur/1.x:2,S",
		 place->mail, place->mail);
	assert_int_equal(system(path), 0);
	assert_int_equal(usage_of(place->store, &to).octets, 2);
	assert_false(there(place, ".id/" ALICE));
	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	assert_true(there(place, ".id/" ALICE));
	assert_true(there(place, "corp.example/alice/postern-id"));
	assert_int_equal(usage_of(place->store, &to).messages, 2);
}

/* What a crash between the steps of making a mailbox leaves, and what makes it whole. */
static void half_made(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 0);
	char path[512];

	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	snprintf(path, sizeof path, "%s/.id/" ALICE, place->mail);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	assert_true(file_there(path));
	assert_int_equal(usage_of(place->store, &to).messages, 2);
	/* A binding that leads nowhere: the mailbox was removed by hand. */
	snprintf(path, sizeof path, "rm -rf %s/corp.example/alice", place->mail);
	assert_int_equal(system(path), 0);
	assert_int_equal(usage_of(place->store, &to).messages, 0);
	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	assert_int_equal(usage_of(place->store, &to).messages, 1);
	/* postern-id lost: the binding leads to it, so it is the owner's. */
	snprintf(path, sizeof path, "%s/corp.example/alice/postern-id", place->mail);
	assert_int_equal(unlink(path), 0);
	to = who(ALICE, "corp.example", "renamed", 0);
	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	assert_true(file_there(path));
	assert_int_equal(usage_of(place->store, &to).messages, 2);
}

/* A binding must not open somebody else's mailbox, whatever somebody did to the links. */
static void crossed_binding(void **state)
{
	struct place *place = *state;
	struct store_mailbox alice = who(ALICE, "corp.example", "alice", 0);
	struct store_mailbox bob = who(BOB, "corp.example", "bob", 0);
	char path[512];

	assert_int_equal(deliver_text(place->store, message, &alice), OUTCOME_OK);
	snprintf(path, sizeof path, "ln -s ../corp.example/alice %s/.id/" BOB, place->mail);
	assert_int_equal(system(path), 0);
	assert_int_equal(usage_of(place->store, &bob).messages, 0);
	assert_int_equal(deliver_text(place->store, message, &bob), OUTCOME_OK);
	assert_int_equal(usage_of(place->store, &alice).messages, 1);
	assert_int_equal(files_in("%s/corp.example/bob/new", place->mail), 1);
	snprintf(path, sizeof path, "ln -sfn ../../../../tmp %s/.id/" BOB, place->mail);
	assert_int_equal(system(path), 0);
	assert_int_equal(deliver_text(place->store, message, &bob), OUTCOME_OK);
	assert_int_equal(files_in("%s/corp.example/bob/new", place->mail), 2);
}

static void symbolic_links(void **state)
{
	struct place *place = *state;
	struct store_mailbox to = who(ALICE, "corp.example", "alice", 0);
	char path[512];

	snprintf(
		path, sizeof path,
		"mkdir -p %s/corp.example %s/elsewhere && ln -s %s/elsewhere %s/corp.example/alice",
		place->mail, place->root, place->root, place->mail);
	assert_int_equal(system(path), 0);
	assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_TEMP);
	assert_int_equal(files_in("%s/elsewhere", place->root), 0);
}

static void names(void **state)
{
	static const char *const names[] = {
		"../x",
		".",
		"..",
		".id",
		"a/b",
		"../../../etc",
		"j\xc3\xbcrgen",
		"%2E",
		"new",
		"\"a b\"@c",
		"x\ny",
		"0123456789012345678901234567890123456789012345678901234567890123"
	};
	struct place *place = *state;
	char longest[STORE_NAME_SIZE], id[16];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct store_mailbox to;

		snprintf(id, sizeof id, "%08zx", i);
		to = who(id, "corp.example", names[i], 0);
		assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
		assert_int_equal(usage_of(place->store, &to).messages, 1);
		snprintf(id, sizeof id, "%08zx", i + 100);
		to = who(id, names[i], "user", 0);
		assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
		assert_int_equal(usage_of(place->store, &to).messages, 1);
	}
	assert_int_equal(files_in("%s/corp.example", place->mail), sizeof names / sizeof names[0]);
	assert_int_equal(files_in("%s", place->root), 2);
	memset(longest, '/', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	for (size_t i = 0; i < 3; i++) {
		struct store_mailbox to;

		/* The same name three times, twice with the same front of the identity. */
		snprintf(id, sizeof id, "0c0c0c0c%zu", i / 2 + i % 2);
		to = who(id, longest, longest, 0);
		assert_int_equal(deliver_text(place->store, message, &to), OUTCOME_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(renamed_person, setup, teardown),
		cmocka_unit_test_setup_teardown(reused_name, setup, teardown),
		cmocka_unit_test_setup_teardown(adopted_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(half_made, setup, teardown),
		cmocka_unit_test_setup_teardown(crossed_binding, setup, teardown),
		cmocka_unit_test_setup_teardown(symbolic_links, setup, teardown),
		cmocka_unit_test_setup_teardown(names, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
