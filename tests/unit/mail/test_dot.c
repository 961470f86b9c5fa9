/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "mail/dot.h"
#include "mail/lines.h"

struct body {
	const char *wire, *text;
	enum dot_found found;
	const char *left; /* behind the end */
};

static const struct body bodies[] = {
	{ ".\r\n", "", DOT_END, "" },
	{ ".\r\nQUIT\r\n", "", DOT_END, "QUIT\r\n" },
	{ "a\r\n.\r\n.\r\n", "a\r\n", DOT_END, ".\r\n" },
	{ "..\r\n.a\r\n...\r\n.\r\n", ".\r\na\r\n..\r\n", DOT_END, "" },
	{ "a.\r\n .\r\n.\r\n", "a.\r\n .\r\n", DOT_END, "" },
	{ "\r\n\r\n.\r\n", "\r\n\r\n", DOT_END, "" },
	{ "", "", DOT_MORE, "" },
	{ "half", "half", DOT_MORE, "" },
	{ "half\r", "half\r", DOT_MORE, "" },
	{ "a\r\n.", "a\r\n", DOT_MORE, "" },
	{ "a\r\n.\r", "a\r\n", DOT_MORE, "" },
	{ "a\n.\n", NULL, DOT_BARE, NULL },
	{ "a\r\n.\n", NULL, DOT_BARE, NULL },
	{ "a\n.\r\n", NULL, DOT_BARE, NULL },
	{ "a\r.\r\n", NULL, DOT_BARE, NULL },
	{ "a\r\r\n.\r\n", NULL, DOT_BARE, NULL },
	{ ".\r\r\n", NULL, DOT_BARE, NULL },
	{ ".\r.\r\n", NULL, DOT_BARE, NULL },
	{ ".\n", NULL, DOT_BARE, NULL },
	{ "\n", NULL, DOT_BARE, NULL },
	{ "..\n", NULL, DOT_BARE, NULL },
	{ "\rx", NULL, DOT_BARE, NULL },
};

static void check_body(const struct body *body, size_t piece)
{
	struct dot dot = { 0 };
	struct buffer text = BUFFER_EMPTY;
	enum dot_found found = DOT_MORE;
	size_t at = 0, length = strlen(body->wire);

	while (at < length && found == DOT_MORE) {
		size_t n = piece < length - at ? piece : length - at;
		struct span input = span_make(body->wire + at, n), run;

		while (input.length > 0 && found == DOT_MORE) {
			found = dot_next(&dot, &input, &run);
			if (run.length > 0)
				buffer_add(&text, run.at, run.length);
		}
		at += n - input.length;
	}
	assert_int_equal(found, body->found);
	if (body->text != NULL)
		assert_true(span_equal(buffer_span(&text), span_text(body->text)));
	if (body->left != NULL)
		assert_string_equal(body->wire + at, body->left);
	buffer_clear(&text);
}

static void test_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		for (size_t piece = 1; piece < 8; piece++)
			check_body(&bodies[i], piece);
		check_body(&bodies[i], 1000);
	}
}

/* Without dots at line starts a chunk is one run. */
static void test_one_run(void **state)
{
	struct dot dot = { 0 };
	struct span input = span_text("a\r\nb\r\n\r\nc.\r\n.\r\n"), run;

	(void)state;
	assert_int_equal(dot_next(&dot, &input, &run), DOT_MORE);
	assert_true(span_is(run, "a\r\nb\r\n\r\nc.\r\n"));
	assert_int_equal(dot_next(&dot, &input, &run), DOT_END);
	assert_int_equal(run.length, 0);
}

struct strict {
	const char *text;
	bool bare, cr;
};

static const struct strict stricts[] = {
	{ "", false, false },
	{ "a", false, false },
	{ "a\r\nb\r\n", false, false },
	{ "\r\n\r\n", false, false },
	{ "a\r", false, true },
	{ "a\nb", true, false },
	{ "a\rb", true, false },
	{ "\r\r\n", true, false },
	{ "\n", true, false },
	{ "\r\n\n", true, false },
	{ "a\r\n\rb\r\n", true, false },
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stricts) / sizeof(stricts[0]); i++) {
		for (size_t piece = 1; piece < 10; piece++) {
			struct span rest = span_text(stricts[i].text);
			struct lines lines = { 0 };

			while (rest.length > 0) {
				size_t n = piece < rest.length ? piece : rest.length;

				lines_check(&lines, span_make(rest.at, n));
				rest = span_skip(rest, n);
			}
			assert_int_equal(lines.bare, stricts[i].bare);
			if (!lines.bare)
				assert_int_equal(lines.cr, stricts[i].cr);
		}
	}
}

static void test_stuff(void **state)
{
	static const struct {
		const char *text, *wire;
		bool inside;
	} cases[] = {
		{ "", "", false },
		{ ".", "..", true },
		{ "..\r\n", "...\r\n", false },
		{ "a.b\r\n.c.\r\n\r\n.\r\n", "a.b\r\n..c.\r\n\r\n..\r\n", false },
		{ "a\n.\nb", "a\n..\nb", true },
		{ "a\r.b", "a\r.b", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t piece = 1; piece < 20; piece++) {
			struct span rest = span_text(cases[i].text);
			struct dot_stuff stuff = { false, false };
			struct buffer wire = BUFFER_EMPTY;

			while (rest.length > 0) {
				size_t n = piece < rest.length ? piece : rest.length;
				struct span input = span_make(rest.at, n);

				while (input.length > 0) {
					struct span run = dot_stuff(&stuff, &input);

					buffer_add(&wire, run.at, run.length);
				}
				rest = span_skip(rest, n);
			}
			assert_true(span_equal(buffer_span(&wire), span_text(cases[i].wire)));
			assert_int_equal(stuff.inside, cases[i].inside);
			buffer_clear(&wire);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_one_run),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_stuff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
