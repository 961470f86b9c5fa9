/* SPDX-License-Identifier: ISC */
#include "base/memory.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/outcome.h"

static void zeroed(void **state)
{
	char zeros[100] = { 0 };
	char *memory = memory_new(sizeof zeros);
	char *array = memory_array(10, 10);

	(void)state;
	assert_memory_equal(memory, zeros, sizeof zeros);
	assert_memory_equal(array, zeros, sizeof zeros);
	free(memory);
	free(array);
	free(memory_new(0));
	free(memory_array(0, 8));
}

static void grown(void **state)
{
	char *memory = memory_grow(NULL, 4, 1);

	(void)state;
	memcpy(memory, "abcd", 4);
	memory = memory_grow(memory, 100000, 1);
	assert_memory_equal(memory, "abcd", 4);
	memory = memory_grow(memory, 0, 1);
	free(memory);
}

static void texts(void **state)
{
	char *text = memory_text("abc");
	char *part = memory_text_n("abc\0def", 5);
	char *none = memory_text_n(NULL, 0);
	char *made = memory_format("%s-%03d", "a", 7);

	(void)state;
	assert_string_equal(text, "abc");
	assert_memory_equal(part, "abc\0d\0", 6);
	assert_string_equal(none, "");
	assert_string_equal(made, "a-007");
	assert_null(memory_text(NULL));
	free(text);
	free(part);
	free(none);
	free(made);
}

static void comparison(void **state)
{
	static const struct {
		const char *a, *b;
		size_t size;
		bool equal;
	} rows[] = {
		{ "abcd", "abcd", 4, true },  { "abcd", "abce", 4, false }, { "abcd", "xbcd", 4, false },
		{ "abcd", "abce", 3, true },  { "", "", 0, true },	    { "a\0b", "a\0b", 3, true },
		{ "a\0b", "a\0c", 3, false }, { "\x80", "\x00", 1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (memory_equal(rows[i].a, rows[i].b, rows[i].size) != rows[i].equal)
			fail_msg("row %zu", i);
}

static void wiped(void **state)
{
	char secret[] = "secret";

	(void)state;
	memory_wipe(secret, sizeof secret);
	for (size_t i = 0; i < sizeof secret; i++)
		assert_int_equal(secret[i], 0);
}

/* A role out of memory ends by SIGABRT with one line; the master starts it again. */
static void death(void **state)
{
	char line[100] = "";
	int pipes[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		dup2(pipes[1], STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		memory_die("out of patience");
	}
	assert_true(child > 0);
	close(pipes[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_true(read(pipes[0], line, sizeof line - 1) > 0);
	close(pipes[0]);
	assert_non_null(strstr(line, "postern: "));
}

static void outcomes(void **state)
{
	(void)state;
	assert_string_equal(outcome_name(OUTCOME_OK), "ok");
	assert_string_equal(outcome_name(OUTCOME_TEMP), "temp");
	assert_string_equal(outcome_name(OUTCOME_PERM), "perm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed), cmocka_unit_test(grown), cmocka_unit_test(texts),
		cmocka_unit_test(comparison), cmocka_unit_test(wiped), cmocka_unit_test(death),
		cmocka_unit_test(outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
