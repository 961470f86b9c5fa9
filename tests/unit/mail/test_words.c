/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/text.h"
#include "mail/words.h"

struct pair {
	const char *from, *to;
};

static const struct pair decodes[] = {
	{ "", "" },
	{ " plain text\r\n", "plain text" },
	{ " a\r\n b\r\n\tc\r\n", "a b c" },
	{ "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Gr\xc3\xbc\xc3\x9f"
					 "e" },
	{ "=?UTF-8?b?R3LDvMOfZQ==?= x", "Gr\xc3\xbc\xc3\x9f"
					"e x" },
	{ "=?iso-8859-1?q?=FC_a?=", "\xc3\xbc a" },
	{ "=?us-ascii*en?q?a?= b", "a b" },
	{ "=?utf-8?Q?a?= =?utf-8?Q?b?=\r\n =?utf-8?Q?c?=", "abc" },
	{ "=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c" },
	{ "=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "\xc3\xbc" },
	{ "=?koi8-r?Q?=C3?=", "=?koi8-r?Q?=C3?=" },
	{ "=?utf-8?X?a?=", "=?utf-8?X?a?=" },
	{ "=?utf-8?B?!!!!?=", "=?utf-8?B?!!!!?=" },
	{ "=?utf-8?Q?a b?=", "=?utf-8?Q?a b?=" },
	{ "=?utf-8?Q?a", "=?utf-8?Q?a" },
	{ "=?", "=?" },
	{ "=??Q?a?=", "=??Q?a?=" },
	{ "=?utf-8?Q?=0D=0AX:_y=00?=", "  X: y " },
	{ "=?utf-8?Q?=FF=E2=80=AE?=", "??" },
	{ "a\x01"
	  "b\x7f\xc2\x85"
	  "c\xff",
	  "a b ?c?" },
};

static void test_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(decodes) / sizeof(decodes[0]); i++) {
		struct buffer out = BUFFER_EMPTY;

		words_decode(&out, span_text(decodes[i].from));
		if (!span_is(buffer_span(&out), decodes[i].to))
			fail_msg("row %zu: \"%.*s\"", i, (int)buffer_used(&out),
				 buffer_span(&out).at);
		buffer_clear(&out);
	}
}

#define TEN "aaaaaaaaa "
static const struct pair encodes[] = {
	{ "abc", "abc" },
	{ "\xc3\xbc", "=?utf-8?B?w7w=?=" },
	{ TEN TEN TEN TEN TEN TEN TEN TEN "b",
	  TEN TEN TEN TEN TEN TEN "aaaaaaaaa\r\n\taaaaaaaaa b" },
	{ "\xc3\xbc" TEN TEN TEN TEN "aaa\xc3\xbc",
	  "=?utf-8?B?w7xhYWFhYWFhYWEgYWFhYWFhYWFhIGFhYWFhYWFhYSBhYWFhYWFhYWEgYWFh?=\r\n\t"
	  "=?utf-8?B?w7w=?=" },
};

static void test_encode(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(encodes) / sizeof(encodes[0]); i++) {
		struct buffer out = BUFFER_EMPTY;

		words_encode(&out, span_text(encodes[i].from), 0);
		if (!span_is(buffer_span(&out), encodes[i].to))
			fail_msg("row %zu: \"%.*s\"", i, (int)buffer_used(&out),
				 buffer_span(&out).at);
		buffer_clear(&out);
	}
}

static void test_long_word(void **state)
{
	char word[5000];
	struct buffer out = BUFFER_EMPTY;
	struct span rest, line;
	size_t total = 0;

	(void)state;
	memset(word, 'x', sizeof(word));
	text_add_folded(&out, span_make(word, sizeof(word)), 20, "\r\n\t");
	for (rest = buffer_span(&out); span_cut(&rest, '\n', &line);) {
		assert_true(line.length <= 998);
		for (size_t i = 0; i < line.length; i++)
			total += line.at[i] == 'x';
	}
	assert_int_equal(total, sizeof(word));
	buffer_clear(&out);
}

static const struct pair quoteds[] = {
	{ "a b\r\n", "a b\r\n" },
	{ "a \r\nb\t\r\n", "a=20\r\nb=09\r\n" },
	{ "x=y", "x=3Dy" },
	{ "\xc3\xbc\r\n", "=C3=BC\r\n" },
	{ "a\rb\nc", "a=0Db=0Ac" },
	{ TEN TEN TEN TEN TEN TEN TEN "aaaaaabb", TEN TEN TEN TEN TEN TEN TEN "aaaaa=\r\nabb" },
};

static void test_quoted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(quoteds) / sizeof(quoteds[0]); i++) {
		struct buffer out = BUFFER_EMPTY;

		text_add_quoted(&out, span_text(quoteds[i].from));
		if (!span_is(buffer_span(&out), quoteds[i].to))
			fail_msg("row %zu: \"%.*s\"", i, (int)buffer_used(&out),
				 buffer_span(&out).at);
		buffer_clear(&out);
	}
}

static void test_cut(void **state)
{
	(void)state;
	assert_true(span_is(text_cut(span_text("abc"), 5), "abc"));
	assert_true(span_is(text_cut(span_text("abc"), 2), "ab"));
	assert_true(span_is(text_cut(span_text("a\xc3\xbc"), 2), "a"));
	assert_true(span_is(text_cut(span_text("a\xc3\xbcx"), 3), "a\xc3\xbc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),    cmocka_unit_test(test_encode),
		cmocka_unit_test(test_long_word), cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
