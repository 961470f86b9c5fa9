/* SPDX-License-Identifier: ISC */
#include "accounts/mailboxes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ID "cb1838e789013cbb44f1fecb7f709956"

static char top[64], root[96];

static int set_up(void **state)
{
	(void)state;
	snprintf(top, sizeof top, "/tmp/test_mailboxes.XXXXXX");
	assert_non_null(mkdtemp(top));
	snprintf(root, sizeof root, "%s/a/b", top);
	return 0;
}

static int tear_down(void **state)
{
	char line[128];

	(void)state;
	snprintf(line, sizeof line, "rm -rf '%s'", top);
	return system(line);
}

static bool count(void *context, const char *name)
{
	assert_true(name[0] != '.');
	++*(unsigned *)context;
	return true;
}

static void writes_reads_removes(void **state)
{
	struct mailbox_file file = { .id = ID, .quota = 7, .has_quota = true }, got;
	char why[MAILBOXES_WHY] = "", domain[256], name[256], path[200];
	struct stat status;
	unsigned names = 0;
	int lock = mailboxes_lock(root, why);

	(void)state;
	assert_true(lock >= 0);
	assert_int_equal(mailboxes_read(root, "corp.example", "alice", &got, why), MAILBOXES_NONE);
	assert_true(mailboxes_write(root, "corp.example", "alice", &file, geteuid(), why));
	assert_int_equal(mailboxes_read(root, "corp.example", "alice", &got, why), MAILBOXES_FOUND);
	assert_string_equal(got.id, ID);
	assert_int_equal(got.quota, 7);
	snprintf(path, sizeof path, "%s/corp.example/alice", root);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	file.locked = true;
	assert_true(mailboxes_write(root, "corp.example", "alice", &file, geteuid(), why));
	assert_int_equal(mailboxes_find(root, ID, domain, name, &got, why), MAILBOXES_FOUND);
	assert_string_equal(domain, "corp.example");
	assert_string_equal(name, "alice");
	assert_true(got.locked);
	assert_true(mailboxes_each(root, "corp.example", count, &names, why));
	assert_true(mailboxes_each(root, "sales.example", count, &names, why));
	assert_int_equal(names, 1);
	assert_true(mailboxes_remove(root, "corp.example", "alice", why));
	assert_int_equal(mailboxes_read(root, "corp.example", "alice", &got, why), MAILBOXES_NONE);
	assert_int_equal(mailboxes_find(root, ID, domain, name, &got, why), MAILBOXES_NONE);
	assert_false(mailboxes_remove(root, "corp.example", "alice", why));
	close(lock);
}

/* A name that was used again belongs to another one. */
static void identities_are_not_names(void **state)
{
	struct mailbox_file file = { .id = ID }, got;
	char why[MAILBOXES_WHY], domain[256], name[256];

	(void)state;
	assert_true(mailboxes_write(root, "corp.example", "alice", &file, geteuid(), why));
	strcpy(file.id, "00000000000000000000000000000001");
	assert_true(mailboxes_write(root, "corp.example", "alice", &file, geteuid(), why));
	assert_int_equal(mailboxes_find(root, ID, domain, name, &got, why), MAILBOXES_NONE);
	assert_int_equal(mailboxes_find(root, file.id, domain, name, &got, why), MAILBOXES_FOUND);
	assert_int_equal(mailboxes_find(root, "../corp.example/alice", domain, name, &got, why),
			 MAILBOXES_NONE);
	assert_int_equal(mailboxes_find(root, "", domain, name, &got, why), MAILBOXES_NONE);
}

static void names_from_strangers(void **state)
{
	static const char *const cases[] = { "..", "../x", "a/b", "", ".method", "A", "a\nb" };
	struct mailbox_file file = { .id = ID };
	char why[MAILBOXES_WHY];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct mailbox_file got;

		assert_int_equal(mailboxes_read(root, "corp.example", cases[i], &got, why),
				 MAILBOXES_NONE);
		assert_false(
			mailboxes_write(root, "corp.example", cases[i], &file, geteuid(), why));
	}
	assert_false(mailboxes_write(root, "..", "alice", &file, geteuid(), why));
	assert_false(mailboxes_write(root, "a/b", "alice", &file, geteuid(), why));
}

static void trouble_is_not_none(void **state)
{
	struct mailbox_file file = { .id = ID };
	char why[MAILBOXES_WHY] = "", path[200];
	FILE *broken;

	(void)state;
	assert_true(mailboxes_write(root, "corp.example", "alice", &file, geteuid(), why));
	snprintf(path, sizeof path, "%s/corp.example/alice", root);
	broken = fopen(path, "w");
	assert_non_null(broken);
	fputs("postern-mailbox 1\nid\n", broken);
	assert_int_equal(fclose(broken), 0);
	assert_int_equal(mailboxes_read(root, "corp.example", "alice", &file, why),
			 MAILBOXES_TROUBLE);
	assert_non_null(strstr(why, "alice"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(mailboxes_read(root, "corp.example", "alice", &file, why),
			 MAILBOXES_TROUBLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_reads_removes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(identities_are_not_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_from_strangers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(trouble_is_not_none, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
