/* SPDX-License-Identifier: ISC */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define FIELDS(...) ((const struct log_field[]){ __VA_ARGS__, { .key = NULL } })

static void values(void **state)
{
	static const struct {
		const char *value;
		size_t length;
		const char *line;
	} rows[] = {
		{ "plain", 5, "a.b k=plain" },
		{ "a@b.c,d;e", 9, "a.b k=a@b.c,d;e" },
		{ "", 0, "a.b k=\"\"" },
		{ "two words", 9, "a.b k=\"two words\"" },
		{ "k=v", 3, "a.b k=\"k=v\"" },
		{ "q\"b\\", 4, "a.b k=\"q\\\"b\\\\\"" },
		/* A stranger's line end may not begin a line of our log. */
		{ "x\r\nsmtp.ok", 10, "a.b k=\"x\\x0d\\x0asmtp.ok\"" },
		{ "n\0l", 3, "a.b k=\"n\\x00l\"" },
		{ "\x1b[31m\x7f", 6, "a.b k=\"\\x1b[31m\\x7f\"" },
		{ "\xc3\xa4", 2, "a.b k=\"\xc3\xa4\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char line[200];
		struct span value = span_make(rows[i].value, rows[i].length);

		assert_int_equal(log_format(line, sizeof line, LOG_LEVEL_INFO, "a.b",
					    FIELDS(LOG_SPAN("k", value))),
				 strlen(rows[i].line));
		assert_string_equal(line, rows[i].line);
	}
}

static void fields(void **state)
{
	char line[200];

	(void)state;
	log_format(line, sizeof line, LOG_LEVEL_ERROR, "x.y",
		   FIELDS(LOG_NUMBER("n", -5), LOG_TEXT("t", NULL), LOG_NUMBER("m", INT64_MAX)));
	assert_string_equal(line, "error x.y n=-5 t=\"\" m=9223372036854775807");
	log_format(line, sizeof line, LOG_LEVEL_WARNING, "x.y", (const struct log_field[]){ { 0 } });
	assert_string_equal(line, "warning x.y");
}

static void caps(void **state)
{
	static char long_value[4000];
	char line[4000], tiny[8];
	size_t length;

	(void)state;
	memset(long_value, 'v', sizeof long_value);
	length = log_format(line, sizeof line, LOG_LEVEL_INFO, "a.b",
			    FIELDS(LOG_SPAN("k", span_make(long_value, sizeof long_value)),
				   LOG_NUMBER("behind", 1)));
	assert_true(length < 600);
	assert_non_null(strstr(line, "vvv...\" behind=1"));
	length = log_format(tiny, sizeof tiny, LOG_LEVEL_INFO, "area.event", FIELDS(LOG_NUMBER("n", 1)));
	assert_int_equal(length, 7);
	assert_string_equal(tiny, "area.ev");
	assert_int_equal(log_format(tiny, 0, LOG_LEVEL_INFO, "a", FIELDS(LOG_NUMBER("n", 1))), 0);
}

/* What log_write puts on descriptor 2 while `form` holds. */
static void written(enum log_form form, char *to, size_t size)
{
	int memory = memfd_create("log", 0);
	int saved = dup(STDERR_FILENO);
	ssize_t got;

	assert_true(memory >= 0 && saved >= 0);
	assert_int_equal(dup2(memory, STDERR_FILENO), STDERR_FILENO);
	log_open("tester", LOG_LEVEL_INFO, form);
	log_info("a.info", LOG_NUMBER("n", 1));
	log_debug("a.debug");
	log_error("a.error", LOG_TEXT("t", "line\nend"));
	dup2(saved, STDERR_FILENO);
	close(saved);
	got = pread(memory, to, size - 1, 0);
	assert_true(got >= 0);
	to[got] = '\0';
	close(memory);
}

static void lines(void **state)
{
	char text[1000], *second;

	(void)state;
	written(LOG_FORM_LINE, text, sizeof text);
	second = strchr(text, '\n');
	assert_non_null(second);
	assert_non_null(strstr(text, "Z tester["));
	assert_non_null(strstr(text, "]: a.info n=1\n"));
	assert_null(strstr(text, "a.debug"));
	assert_non_null(strstr(second, "error a.error t=\"line\\x0aend\"\n"));
	assert_int_equal(strlen(strchr(second + 1, '\n')), 1); /* two lines, both ended */
	written(LOG_FORM_SYSLOG, text, sizeof text);
	assert_memory_equal(text, "<22>posternd[", 13); /* mail.info, RFC 3164 */
	assert_non_null(strstr(text, "<19>posternd["));
	assert_null(strchr(text, '\n'));
}

static void longest_line(void **state)
{
	static char value[5000];
	char text[9000];
	int memory = memfd_create("log", 0);
	int saved = dup(STDERR_FILENO);
	ssize_t got;

	(void)state;
	memset(value, '"', sizeof value); /* every octet takes two */
	dup2(memory, STDERR_FILENO);
	log_open("tester", LOG_LEVEL_INFO, LOG_FORM_LINE);
	log_info("a.b", LOG_SPAN("a", span_make(value, 5000)), LOG_SPAN("b", span_make(value, 5000)),
		 LOG_SPAN("c", span_make(value, 5000)));
	dup2(saved, STDERR_FILENO);
	close(saved);
	got = pread(memory, text, sizeof text, 0);
	close(memory);
	assert_true(got > 0 && got <= 2000);
	assert_int_equal(text[got - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values), cmocka_unit_test(fields), cmocka_unit_test(caps),
		cmocka_unit_test(lines), cmocka_unit_test(longest_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
