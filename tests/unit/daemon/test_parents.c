/* SPDX-License-Identifier: ISC */
#include "daemon/parents.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/postern-parents-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int clean_up(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_mode : 0;
}

static void makes_what_is_missing(void **state)
{
	mode_t old = umask(077);

	(void)state;
	assert_true(parents_make("a/b/mail"));
	assert_int_equal(mode_of("a"), S_IFDIR | 0755);
	assert_int_equal(mode_of("a/b"), S_IFDIR | 0755);
	assert_int_equal(mode_of("a/b/mail"), 0);
	(void)umask(old);
	/* What is there stays as it is. */
	assert_int_equal(chmod("a/b", 0710), 0);
	assert_true(parents_make("a/b/mail"));
	assert_true(parents_make("a//b/c/"));
	assert_int_equal(mode_of("a/b"), S_IFDIR | 0710);
	assert_true(parents_make("mail"));
	assert_true(parents_make("/"));
	assert_true(parents_make(""));
}

static void tells_what_cannot_be(void **state)
{
	int fd = open("file", O_CREAT | O_WRONLY, 0600);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_false(parents_make("file/x/mail"));
	assert_int_equal(errno, ENOTDIR);
	assert_false(parents_sync("nothing/mail"));
	assert_int_equal(errno, ENOENT);
	assert_true(parents_sync("mail"));
	assert_true(parents_sync("/mail"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_what_is_missing),
		cmocka_unit_test(tells_what_cannot_be),
	};

	return cmocka_run_group_tests(tests, set_up, clean_up);
}
