/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "store_role/pickup_scan.h"

static const int one, two; /* owners */

struct scene {
	char folder[64];
	struct conf_smtp smtps[2];
	struct conf conf;
	struct pickup_scan *scan;
	int64_t now;
};

static struct scene scene;

/* Good until the call after the next one. */
static const char *in_folder(const char *name)
{
	static char paths[2][512];
	static unsigned calls;
	char *path = paths[calls++ % 2];

	snprintf(path, sizeof paths[0], "%s/%s", scene.folder, name);
	return path;
}

/* Written to, and closed unless it is to be held open. */
static int put(const char *name, const char *text, bool open_still)
{
	int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_APPEND, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	if (open_still)
		return fd;
	close(fd);
	return -1;
}

static bool exists(const char *name)
{
	struct stat status;

	return lstat(in_folder(name), &status) == 0;
}

/* The next file, or NULL; what it has must be `text`. */
static const char *claim(const void *owner, const char *text, uint64_t *handle)
{
	static struct pickup_claim claimed;
	char read_text[100];
	ssize_t length;

	scene.now += 1000; /* looks are that far apart */
	if (!pickup_scan_claim(scene.scan, &scene.conf, owner, scene.now, &claimed))
		return NULL;
	length = read(claimed.fd, read_text, sizeof read_text);
	close(claimed.fd);
	assert_int_equal(length, claimed.size);
	assert_true(span_is(span_make(read_text, (size_t)length), text));
	*handle = claimed.handle;
	return claimed.name;
}

static int set_up(void **state)
{
	(void)state;
	log_open("test", LOG_LEVEL_SILENT, LOG_FORM_LINE);
	snprintf(scene.folder, sizeof scene.folder, "/tmp/pickup-XXXXXX");
	assert_non_null(mkdtemp(scene.folder));
	assert_int_equal(mkdir(in_folder("a"), 0755), 0);
	assert_int_equal(mkdir(in_folder("b"), 0755), 0);
	scene.smtps[0] = (struct conf_smtp){ .name = memory_text("A") };
	scene.smtps[0].outbound.pickup = memory_text(in_folder("a"));
	scene.smtps[1] = (struct conf_smtp){ .name = memory_text("B") };
	scene.smtps[1].outbound.pickup = memory_text(in_folder("b"));
	scene.conf = (struct conf){ .smtps = scene.smtps, .smtps_count = 2 };
	scene.scan = pickup_scan_new();
	scene.now = 1000000;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	pickup_scan_free(scene.scan);
	for (size_t i = 0; i < 2; i++) {
		free(scene.smtps[i].name);
		free(scene.smtps[i].outbound.pickup);
	}
	return nftw(scene.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void is_claimed_once(void **state)
{
	struct pickup_claim found;
	uint64_t handle, other;

	(void)state;
	assert_null(claim(&one, "", &handle));
	put("a/x.eml", "text", false);
	assert_string_equal(claim(&one, "text", &handle), "x.eml");
	assert_false(exists("a/x.eml"));
	assert_null(claim(&two, "", &other));
	assert_false(pickup_scan_find(scene.scan, handle, &two, &found));
	assert_false(pickup_scan_remove(scene.scan, handle, &two));
	assert_true(pickup_scan_find(scene.scan, handle, &one, &found));
	assert_string_equal(found.server, "A");
	close(found.fd);
	assert_true(pickup_scan_remove(scene.scan, handle, &one));
	assert_false(pickup_scan_find(scene.scan, handle, &one, &found));
	assert_int_equal(rmdir(in_folder("a/.postern")), 0);
}

/* Closed, renamed or at rest: then it is whole. */
static void waits_until_it_is_whole(void **state)
{
	uint64_t handle;
	int fd;

	(void)state;
	assert_null(claim(&one, "", &handle)); /* from here on the kernel tells */
	fd = put("a/x", "some", true);
	assert_null(claim(&one, "", &handle));
	put("a/.hidden", "y", false);
	assert_int_equal(rename(in_folder("a/.hidden"), in_folder("a/y")), 0);
	assert_string_equal(claim(&one, "y", &handle), "y");
	assert_null(claim(&one, "", &handle));
	assert_int_equal(write(fd, " more", 5), 5);
	assert_null(claim(&one, "", &handle));
	assert_null(claim(&one, "", &handle));
	close(fd);
	assert_string_equal(claim(&one, "some more", &handle), "x");
	fd = put("a/slow", "z", true);
	assert_null(claim(&one, "", &handle));
	scene.now += PICKUP_REST_MS;
	assert_string_equal(claim(&one, "z", &handle), "slow");
	close(fd);
}

/* What was there before the first look, of which the kernel tells nothing. */
static void takes_what_was_there(void **state)
{
	uint64_t handle;

	(void)state;
	put("b/old", "old", false);
	assert_null(claim(&one, "", &handle));
	scene.now += PICKUP_REST_MS;
	assert_string_equal(claim(&one, "old", &handle), "old");
}

static void leaves_alone(void **state)
{
	static const char *const names[] = { ".x", "x.tmp", "x~" };
	uint64_t handle;

	(void)state;
	assert_null(claim(&one, "", &handle));
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char name[32];

		snprintf(name, sizeof name, "a/%s", names[i]);
		put(name, "x", false);
	}
	put("target", "secret", false);
	assert_int_equal(symlink(in_folder("target"), in_folder("a/link")), 0);
	assert_int_equal(mkfifo(in_folder("a/pipe"), 0644), 0);
	assert_int_equal(mkdir(in_folder("a/folder"), 0755), 0);
	put("a/hard", "x", false);
	assert_int_equal(link(in_folder("a/hard"), in_folder("elsewhere")), 0);
	scene.now += 2 * PICKUP_SCAN_MS;
	assert_null(claim(&one, "", &handle));
	scene.now += 2 * PICKUP_SCAN_MS;
	assert_null(claim(&one, "", &handle));
	assert_true(exists("a/link") && exists("a/pipe") && exists("a/hard") && exists("a/x.tmp"));
	assert_int_equal(unlink(in_folder("elsewhere")), 0);
	scene.now += 2 * PICKUP_SCAN_MS;
	assert_string_equal(claim(&one, "x", &handle), "hard");
}

static void survives_its_owner(void **state)
{
	uint64_t handle, again;

	(void)state;
	assert_null(claim(&one, "", &handle));
	put("a/x", "text", false);
	assert_string_equal(claim(&one, "text", &handle), "x");
	pickup_scan_owner_gone(scene.scan, &two);
	assert_null(claim(&two, "", &again));
	pickup_scan_owner_gone(scene.scan, &one);
	assert_string_equal(claim(&two, "text", &again), "x");
	/* And a crash of the store. */
	pickup_scan_free(scene.scan);
	scene.scan = pickup_scan_new();
	assert_string_equal(claim(&one, "text", &handle), "x");
	assert_true(pickup_scan_remove(scene.scan, handle, &one));
}

static void comes_again_later(void **state)
{
	uint64_t handle;

	(void)state;
	assert_null(claim(&one, "", &handle));
	put("a/x", "text", false);
	assert_non_null(claim(&one, "text", &handle));
	pickup_scan_again(scene.scan, handle, &one, scene.now);
	assert_null(claim(&one, "", &handle));
	scene.now += PICKUP_AGAIN_MS;
	assert_string_equal(claim(&one, "text", &handle), "x");
}

/* A directory full of files does not hold up that of another server. */
static void is_fair(void **state)
{
	uint64_t handle;
	unsigned b_at = 0;

	(void)state;
	assert_null(claim(&one, "", &handle));
	for (unsigned i = 0; i < 40; i++) {
		char name[32];

		snprintf(name, sizeof name, "a/%u", i);
		put(name, "a", false);
	}
	put("b/x", "a", false);
	for (unsigned i = 1; b_at == 0; i++) {
		const char *name = claim(&one, "a", &handle);

		assert_non_null(name);
		if (strcmp(name, "x") == 0)
			b_at = i;
	}
	assert_true(b_at <= 3);
}

static void holds_a_limit(void **state)
{
	uint64_t handle;
	unsigned count = 0;

	(void)state;
	assert_null(claim(&one, "", &handle));
	for (unsigned i = 0; i < PICKUP_OUT_MAX + 300; i++) {
		char name[32];

		snprintf(name, sizeof name, "a/%u", i);
		put(name, "a", false);
	}
	while (claim(&one, "a", &handle) != NULL)
		count++;
	assert_int_equal(count, PICKUP_OUT_MAX);
	while (pickup_scan_remove(scene.scan, handle, &one) && claim(&one, "a", &handle) != NULL)
		count++;
	assert_int_equal(count, PICKUP_OUT_MAX + 300);
}

/* Somebody else's directory of that name is not trusted with claimed files. */
static void wants_its_own_directory(void **state)
{
	uint64_t handle;

	(void)state;
	assert_int_equal(mkdir(in_folder("a/.postern"), 0700), 0);
	assert_int_equal(chmod(in_folder("a/.postern"), 0777), 0);
	put("a/x", "text", false);
	scene.now += PICKUP_SCAN_MS;
	assert_null(claim(&one, "", &handle));
	assert_int_equal(chmod(in_folder("a/.postern"), 0700), 0);
	scene.now += PICKUP_SCAN_MS;
	assert_null(claim(&one, "", &handle));
	scene.now += PICKUP_REST_MS;
	assert_string_equal(claim(&one, "text", &handle), "x");
}

/* The directory is put back by another one: a share that is mounted. */
static void finds_it_again(void **state)
{
	uint64_t handle;

	(void)state;
	assert_null(claim(&one, "", &handle));
	put("a/x", "text", false);
	assert_non_null(claim(&one, "text", &handle));
	assert_int_equal(rename(in_folder("a"), in_folder("away")), 0);
	scene.now += PICKUP_SCAN_MS;
	assert_null(claim(&one, "", &handle));
	assert_int_equal(mkdir(in_folder("a"), 0755), 0);
	put("a/y", "new", false);
	scene.now += PICKUP_SCAN_MS;
	assert_null(claim(&one, "", &handle));
	scene.now += PICKUP_SCAN_MS;
	assert_string_equal(claim(&one, "new", &handle), "y");
	pickup_scan_owner_gone(scene.scan, &one);
	assert_string_equal(claim(&one, "new", &handle), "y");
	assert_null(claim(&one, "", &handle)); /* x is elsewhere */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(is_claimed_once), TEST(waits_until_it_is_whole), TEST(takes_what_was_there),
		TEST(leaves_alone),    TEST(survives_its_owner),      TEST(comes_again_later),
		TEST(is_fair),         TEST(holds_a_limit),           TEST(wants_its_own_directory),
		TEST(finds_it_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
