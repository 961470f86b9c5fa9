/* SPDX-License-Identifier: ISC */
#include "daemon/method.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/memory.h"

static char top[64], heard[2000];
static unsigned heard_line;

static void hear(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	(void)file;
	heard_line = line;
	snprintf(heard, sizeof heard, "%s", text);
}

static struct conf *conf_of(const char *method)
{
	char *text = memory_format("\nmethod = %s\n%s domain corp.example { }\n"
				   "smtp x { listen '127.0.0.1:2525' { tls = none } }\n"
				   "store { root = '%s/mail' queue = '%s/queue' }\n",
				   method,
				   strcmp(method, "directory") == 0
					   ? "directory d { domain = corp.example keytab = '/k' }"
					   : "",
				   top, top);
	struct conf *conf = conf_parse("t", text, hear, NULL);

	free(text);
	if (!conf)
		fail_msg("%s", heard);
	return conf;
}

static bool check_as(const char *method)
{
	struct conf *conf = conf_of(method);
	bool good;

	heard[0] = '\0';
	good = method_check(conf, hear, NULL);
	conf_free(conf);
	return good;
}

static void remember_as(const char *method)
{
	struct conf *conf = conf_of(method);
	char why[300] = "";

	if (!method_remember(conf, why, sizeof why))
		fail_msg("%s", why);
	conf_free(conf);
}

static void make(const char *path)
{
	char *whole = memory_format("%s/%s", top, path);

	assert_int_equal(mkdir(whole, 0755), 0);
	free(whole);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(top, "/tmp/test_method.XXXXXX");
	assert_non_null(mkdtemp(top));
	return 0;
}

static int tear_down(void **state)
{
	char *line = memory_format("rm -rf '%s'", top);
	int result = system(line);

	(void)state;
	free(line);
	return result;
}

static void any_method_while_there_are_no_mailboxes(void **state)
{
	static const char *const methods[] = { "directory", "local", "password-file" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_true(check_as(methods[i]));
	make("mail");
	make("mail/.id");
	make("mail/.spool");
	make("mail/.spool/run");
	make("mail/corp.example"); /* a domain with nothing in it */
	for (size_t i = 0; i < 3; i++) {
		remember_as(methods[i]);
		for (size_t j = 0; j < 3; j++)
			assert_true(check_as(methods[j]));
		assert_string_equal(heard, "");
	}
}

static void refuses_another_one(void **state)
{
	(void)state;
	make("mail");
	make("mail/corp.example");
	make("mail/corp.example/alice");
	remember_as("password-file");
	assert_true(check_as("password-file"));
	assert_false(check_as("local"));
	assert_int_equal(heard_line, 2);
	assert_non_null(strstr(heard, "made with method \"password-file\""));
	assert_non_null(strstr(heard, "postern mailbox delete"));
	assert_false(check_as("directory"));
}

static void mailbox_files_are_mailboxes(void **state)
{
	(void)state;
	remember_as("local");
	make("mailboxes/corp.example");
	assert_true(check_as("password-file"));
	make("mailboxes/corp.example/alice");
	assert_false(check_as("password-file"));
	assert_true(check_as("local"));
}

/* Mailboxes of the time before methods were remembered. */
static void older_mailboxes_are_of_a_directory(void **state)
{
	(void)state;
	make("mail");
	make("mail/corp.example");
	make("mail/corp.example/alice");
	assert_true(check_as("directory"));
	assert_false(check_as("local"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_method_while_there_are_no_mailboxes, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(refuses_another_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(mailbox_files_are_mailboxes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(older_mailboxes_are_of_a_directory, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
