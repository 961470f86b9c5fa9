/* SPDX-License-Identifier: ISC */
#include "command/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"

static int run(const char *const words[], const char *input, struct buffer *output)
{
	struct program program;
	int code;

	program_init(&program, words[0]);
	for (size_t i = 1; words[i]; i++)
		program_word(&program, words[i], "");
	code = program_run(&program, span_text(input), output);
	program_clear(&program);
	return code;
}

static void tells_code_and_output(void **state)
{
	struct buffer output = BUFFER_EMPTY;

	(void)state;
	assert_int_equal(run((const char *[]){ "cat", NULL }, "secret\n", &output), 0);
	assert_string_equal(program_said(&output), "secret");
	buffer_clear(&output);
	assert_int_equal(run((const char *[]){ "false", NULL }, "", &output), 1);
	assert_int_equal(run((const char *[]){ "no-such-program", NULL }, "", &output),
			 PROGRAM_MISSING);
	assert_string_equal(program_said(&output), "");
	buffer_clear(&output);
}

/* No shell: what a word holds is nobody's command. */
static void words_stay_words(void **state)
{
	struct buffer output = BUFFER_EMPTY;

	(void)state;
	assert_int_equal(
		run((const char *[]){ "printf", "%s|", "a b", "$(id)", ";ls", NULL }, "", &output),
		0);
	assert_string_equal(program_said(&output), "a b|$(id)|;ls|");
	buffer_clear(&output);
}

/* Ours alone, and a program that hears what it does not want to. */
static void environment_is_made(void **state)
{
	struct buffer output = BUFFER_EMPTY;

	(void)state;
	setenv("POSTERN_STRANGE", "x", 1);
	setenv("KRB5_CONFIG", "/a/b", 1);
	unsetenv("SMB_CONF_PATH");
	assert_int_equal(run((const char *[]){ "env", NULL }, "nobody reads this", &output), 0);
	assert_string_equal(program_said(&output), "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n"
						   "KRB5_CONFIG=/a/b");
	buffer_clear(&output);
}

static void output_is_capped(void **state)
{
	struct buffer output = BUFFER_EMPTY;

	(void)state;
	assert_int_equal(
		run((const char *[]){ "head", "-c", "1000000", "/dev/zero", NULL }, "", &output),
		0);
	assert_true(buffer_used(&output) <= 65536);
	buffer_clear(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_code_and_output),
		cmocka_unit_test(words_stay_words),
		cmocka_unit_test(environment_is_made),
		cmocka_unit_test(output_is_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
