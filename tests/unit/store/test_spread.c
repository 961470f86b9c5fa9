/* SPDX-License-Identifier: ISC */
/* Spool files come from one directory until it is slow, then from the next, and leave nothing
 * there. */
#include "tests/unit/store/store_help.h"

#include "store/store_private.h"

/* The number of the directory that the nameless file was made in; -1: in .spool itself. */
static int made_in(int fd)
{
	char link[64], path[256];
	const char *below;
	ssize_t length;
	int number = -1;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof path - 1);
	assert_true(length > 0);
	path[length] = '\0';
	assert_non_null(strstr(path, "/.spool/"));
	below = strstr(path, "/spread/");
	if (below != NULL)
		assert_int_equal(sscanf(below, "/spread/%d/", &number), 1);
	return number;
}

static int next(struct store *store)
{
	struct store_failure failure;
	int fd = store_spool(store, &failure), number;

	assert_true(fd >= 0);
	number = made_in(fd);
	close(fd);
	return number;
}

static bool nameless(struct store *store)
{
	return !atomic_load(&store->named_spool);
}

static void moves_when_slow(void **state)
{
	struct place *place = *state;
	struct store *store = place->store;

	if (!nameless(store))
		skip();
	assert_int_equal(store->spread.count, SPREAD_MAX);
	store->spread.slow_ns = INT64_MAX;
	for (int i = 0; i < 5; i++)
		assert_int_equal(next(store), 0);
	store->spread.slow_ns = -1;
	for (int i = 0; i < 2 * SPREAD_MAX; i++)
		assert_int_equal(next(store), i % SPREAD_MAX);
	store->spread.slow_ns = INT64_MAX;
	assert_int_equal(next(store), 0);
	assert_int_equal(next(store), 0);
}

/* Also after messages were delivered and abandoned, and the store opened once more. */
static void leaves_nothing(void **state)
{
	struct place *place = *state;
	struct store_mailbox ann = who("a1", "d.example", "ann", 0);

	if (!nameless(place->store))
		skip();
	place->store->spread.slow_ns = -1;
	for (int i = 0; i < SPREAD_MAX; i++) {
		assert_int_equal(deliver_text(place->store, "Subject: x\r\n\r\ny\r\n", &ann),
				 OUTCOME_OK);
		(void)next(place->store);
	}
	place_reopen(place);
	assert_int_equal(place->store->spread.count, SPREAD_MAX);
	for (int i = 0; i < SPREAD_MAX; i++) {
		assert_int_equal(files_in("%s/.spool/spread/%02d", place->mail, i), 0);
	}
	assert_int_equal(files_in("%s/.spool/spread", place->mail), SPREAD_MAX);
	assert_int_equal(files_in("%s/d.example/ann/new", place->mail), SPREAD_MAX);
}

/* Whatever stands in the way: a store that can deliver does. */
static void serves_without(void **state)
{
	static const struct {
		const char *blocked;
		size_t count;
		int first;
	} rows[] = { { "spread", SPREAD_MAX, 0 /* no directory: swept */ },
		     { "spread/00", 0, -1 },
		     { "spread/03", 3, 0 } };
	struct place *place = *state;
	struct store_mailbox ann = who("a1", "d.example", "ann", 0);
	char path[160];

	if (!nameless(place->store))
		skip();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		place_close(place);
		snprintf(path, sizeof path, "%s/.spool/spread", place->mail);
		place_remove(path);
		if (strchr(rows[i].blocked, '/') != NULL)
			assert_int_equal(mkdir(path, 0700), 0);
		snprintf(path, sizeof path, "%s/.spool/%s", place->mail, rows[i].blocked);
		assert_int_equal(symlink("/tmp", path), 0);
		place_open(place);
		assert_int_equal(place->store->spread.count, rows[i].count);
		assert_int_equal(next(place->store), rows[i].first);
		assert_int_equal(deliver_text(place->store, "Subject: x\r\n\r\ny\r\n", &ann),
				 OUTCOME_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(moves_when_slow, setup, teardown),
		cmocka_unit_test_setup_teardown(leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(serves_without, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
