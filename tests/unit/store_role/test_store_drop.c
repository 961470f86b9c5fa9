/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "conf/conf.h"
#include "store_role/store_drop.h"

#define TEXT "Return-Path: <s@x.test>\r\nSubject: x\r\n\r\nbody\r\n"

static char folder[64], nothing[] = "", nowhere[] = "/nowhere/drop";
static char names[3][8] = { "a.test", "b.test", "c.test" };
static struct conf_domain domains[3];
static struct conf conf = { .domains = domains, .domains_count = 3 };
static int message;

static int set_up(void **state)
{
	static char path[100];

	(void)state;
	snprintf(folder, sizeof folder, "/tmp/drop-XXXXXX");
	assert_non_null(mkdtemp(folder));
	domains[0] = (struct conf_domain){ .name = names[0], .drop = folder };
	domains[1] = (struct conf_domain){ .name = names[1], .drop = folder };
	domains[2] = (struct conf_domain){ .name = names[2], .drop = nothing };
	snprintf(path, sizeof path, "%s/.message", folder);
	message = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(write(message, TEXT, strlen(TEXT)), strlen(TEXT));
	assert_int_equal(unlink(path), 0);
	return 0;
}

/* The .eml files; `text` has the last one's, and `path` its name. */
static unsigned look(char *text, size_t size, char *path, size_t path_size)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;
	unsigned count = 0;

	while ((entry = readdir(directory)) != NULL) {
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		assert_non_null(strstr(entry->d_name, ".eml"));
		count++;
		snprintf(path, path_size, "%s/%s", folder, entry->d_name);
		file = fopen(path, "r");
		text[fread(text, 1, size - 1, file)] = '\0';
		fclose(file);
	}
	closedir(directory);
	return count;
}

static int tear_down(void **state)
{
	char text[1000], path[400];

	(void)state;
	while (look(text, sizeof text, path, sizeof path) > 0)
		assert_int_equal(unlink(path), 0);
	close(message);
	return rmdir(folder);
}

static struct ticket ticket_of(const char *name, const char *domain)
{
	struct ticket ticket = { .purpose = TICKET_DROP };

	(void)span_copy(span_text(name), ticket.name, sizeof ticket.name);
	(void)span_copy(span_text(domain), ticket.domain, sizeof ticket.domain);
	return ticket;
}

static bool add(struct drops *drops, const char *name, const char *domain)
{
	struct ticket ticket = ticket_of(name, domain);

	return drops_add(drops, &conf, &ticket);
}

static void one_file_a_directory(void **state)
{
	struct drops drops = { .count = 0 };
	struct store_failure failure;
	struct address sender;
	char text[1000] = "", path[400];

	(void)state;
	assert_true(add(&drops, "Al", "a.test"));
	assert_true(add(&drops, "b c", "b.test"));
	assert_false(add(&drops, "x", "c.test"));
	assert_false(add(&drops, "x", "unknown.test"));
	drop_sender(message, &sender);
	assert_int_equal(drops_write(&drops, &sender, message, strlen(TEXT), &failure), OUTCOME_OK);
	assert_int_equal(look(text, sizeof text, path, sizeof path), 0);
	assert_int_equal(drops_commit(&drops, &failure), OUTCOME_OK);
	drops_clear(&drops);
	assert_int_equal(look(text, sizeof text, path, sizeof path), 1);
	assert_string_equal(text, "x-sender: s@x.test\r\nx-receiver: Al@a.test\r\n"
				  "x-receiver: \"b c\"@b.test\r\n" TEXT);
}

/* The queue's file goes on behind the message. */
static void only_the_message(void **state)
{
	struct drops drops = { .count = 0 };
	struct address sender = { .utf8 = false };
	struct store_failure failure;
	char text[1000] = "", path[400];

	(void)state;
	assert_true(add(&drops, "a", "a.test"));
	assert_int_equal(drops_write(&drops, &sender, message, 10, &failure), OUTCOME_OK);
	assert_int_equal(drops_commit(&drops, &failure), OUTCOME_OK);
	drops_clear(&drops);
	assert_int_equal(look(text, sizeof text, path, sizeof path), 1);
	assert_string_equal(text, "x-sender: <>\r\nx-receiver: a@a.test\r\nReturn-Pat");
}

static void nothing_is_left(void **state)
{
	struct drops drops = { .count = 0 };
	struct address sender = { .utf8 = false };
	struct store_failure failure = { .reason = "" };
	char text[1000], path[400];

	(void)state;
	assert_true(add(&drops, "a", "a.test"));
	assert_int_equal(drops_write(&drops, &sender, message, strlen(TEXT), &failure), OUTCOME_OK);
	drops_clear(&drops);
	assert_int_equal(look(text, sizeof text, path, sizeof path), 0);
	/* More than there is: the file was cut. */
	assert_true(add(&drops, "a", "a.test"));
	assert_int_equal(drops_write(&drops, &sender, message, 100000, &failure), OUTCOME_TEMP);
	assert_non_null(strstr(failure.reason, folder));
	drops_clear(&drops);
	domains[0].drop = nowhere;
	assert_true(add(&drops, "a", "a.test"));
	assert_int_equal(drops_write(&drops, &sender, message, 10, &failure), OUTCOME_TEMP);
	assert_non_null(strstr(failure.reason, "/nowhere/drop: No such file"));
	drops_clear(&drops);
	assert_int_equal(look(text, sizeof text, path, sizeof path), 0);
}

static void senders(void **state)
{
	static const struct {
		const char *text, *sender;
	} rows[] = {
		{ "Return-Path: <a@x.test>\r\n", "a@x.test" },
		{ "Return-Path: <>\r\n", "" },
		{ "Return-Path: <a@x.test", "" },
		{ "Return-Path: <a@x.test\r\nx-receiver: b>", "" },
		{ "Subject: Return-Path: <a@x.test>\r\n", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct address sender;
		char text[ADDRESS_TEXT_SIZE];
		size_t length = strlen(rows[i].text);

		assert_int_equal(ftruncate(message, 0), 0);
		assert_int_equal(pwrite(message, rows[i].text, length, 0), length);
		drop_sender(message, &sender);
		address_text(&sender, text);
		assert_string_equal(text, rows[i].sender);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(one_file_a_directory),
		TEST(only_the_message),
		TEST(nothing_is_left),
		TEST(senders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
