/* SPDX-License-Identifier: ISC */
#include "daemon/tally.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

enum { PROCESSES = 3 };

static struct tally *open_row(int fd, uint32_t own)
{
	struct tally *tally = tally_open(dup(fd), PROCESSES, own);

	assert_non_null(tally);
	return tally;
}

static void test_processes_count_together(void **state)
{
	int fd = tally_file(PROCESSES);
	struct tally *first = open_row(fd, 0), *second = open_row(fd, 1);

	(void)state;
	assert_int_equal(tally_server(first, 0, 1), 1);
	assert_int_equal(tally_server(second, 0, 1), 2);
	assert_int_equal(tally_server(second, 1, 1), 1);
	assert_int_equal(tally_address(first, 0, "192.0.2.1", 1), 1);
	assert_int_equal(tally_address(second, 0, "192.0.2.1", 1), 2);
	assert_int_equal(tally_address(second, 0, "192.0.2.2", 1), 1);
	assert_int_equal(tally_address(second, 1, "192.0.2.1", 1), 1);
	assert_int_equal(tally_address(first, 0, "192.0.2.1", -1), 1);
	assert_int_equal(tally_server(first, 0, -1), 1);
	tally_close(first);
	tally_close(second);
	close(fd);
}

/* A process that died took its connections along; its successor begins at nothing. */
static void test_row_is_emptied(void **state)
{
	int fd = tally_file(PROCESSES);
	struct tally *dead = open_row(fd, 2), *other = open_row(fd, 0), *next;

	(void)state;
	(void)tally_server(dead, 5, 1);
	(void)tally_address(dead, 5, "2001:db8::1", 1);
	assert_int_equal(tally_server(other, 5, 1), 2);
	tally_close(dead);
	next = open_row(fd, 2);
	assert_int_equal(tally_server(next, 5, 1), 2);
	assert_int_equal(tally_address(next, 5, "2001:db8::1", 1), 1);
	tally_close(next);
	tally_close(other);
	close(fd);
}

/* Never too low, and exact for nearly all while there are a few thousand. */
static void test_many_addresses(void **state)
{
	int fd = tally_file(PROCESSES);
	struct tally *tally = open_row(fd, 0);
	unsigned wrong = 0;
	char address[20];

	(void)state;
	for (unsigned i = 0; i < 4000; i++) {
		snprintf(address, sizeof address, "10.0.%u.%u", i / 250, i % 250);
		wrong += tally_address(tally, 0, address, 1) != 1;
	}
	assert_true(wrong < 20);
	tally_close(tally);
	close(fd);
}

static void test_file_is_sealed_and_checked(void **state)
{
	int fd = tally_file(PROCESSES), other = open("/dev/null", O_RDWR);

	(void)state;
	assert_true(fd >= 0 && other >= 0);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_null(tally_open(dup(fd), PROCESSES + 1, 0));
	assert_null(tally_open(dup(fd), PROCESSES, PROCESSES));
	assert_null(tally_open(other, PROCESSES, 0));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_processes_count_together),
		cmocka_unit_test(test_row_is_emptied),
		cmocka_unit_test(test_many_addresses),
		cmocka_unit_test(test_file_is_sealed_and_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
