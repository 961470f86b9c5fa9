/* SPDX-License-Identifier: ISC */
#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void comparisons(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal, nocase;
	} rows[] = {
		{ "", "", true, true },
		{ "a", "", false, false },
		{ "abc", "abc", true, true },
		{ "abc", "aBC", false, true },
		{ "abc", "abd", false, false },
		{ "abc", "ab", false, false },
		/* Neither the octet after Z nor a letter with bit 5 turned may fold. */
		{ "[", "{", false, false },
		{ "@", "`", false, false },
		{ "\xc3\xa4", "\xc3\x84", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span a = span_text(rows[i].a);
		struct span b = span_text(rows[i].b);

		if (span_equal(a, b) != rows[i].equal || span_is(a, rows[i].b) != rows[i].equal ||
		    span_equal_nocase(a, b) != rows[i].nocase ||
		    span_is_nocase(b, rows[i].a) != rows[i].nocase)
			fail_msg("row %zu", i);
	}
}

static void prefixes(void **state)
{
	static const struct {
		const char *text, *prefix;
		bool starts;
	} rows[] = {
		{ "FROM:<a>", "from:", true }, { "from:", "FROM:", true }, { "from", "from:", false },
		{ "", "", true },	       { "x", "", true },	   { "xfrom:", "from:", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (span_starts_nocase(span_text(rows[i].text), rows[i].prefix) != rows[i].starts)
			fail_msg("row %zu", i);
}

static void empty_and_null(void **state)
{
	(void)state;
	assert_int_equal(span_text(NULL).length, 0);
	assert_true(span_equal(span_text(NULL), span_make(NULL, 0)));
	assert_true(span_is(span_make(NULL, 0), ""));
	assert_false(span_has_nul(span_make(NULL, 0)));
	assert_false(span_has_nul(span_text("abc")));
	assert_true(span_has_nul(span_make("a\0c", 3)));
	assert_true(span_has_nul(span_make("ab\0", 3)));
}

static void trimming(void **state)
{
	static const struct {
		const char *text, *trimmed;
	} rows[] = {
		{ "", "" },	       { " ", "" },	      { "\t \t", "" }, { "a", "a" },
		{ " a b\t", "a b" }, { "\r\na\n", "\r\na\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (!span_is(span_trim(span_text(rows[i].text)), rows[i].trimmed))
			fail_msg("row %zu", i);
}

static void skipping(void **state)
{
	(void)state;
	assert_true(span_is(span_skip(span_text("abc"), 0), "abc"));
	assert_true(span_is(span_skip(span_text("abc"), 2), "c"));
	assert_true(span_is(span_skip(span_text("abc"), 3), ""));
	assert_true(span_is(span_skip(span_text("abc"), 99), ""));
}

static void cutting(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		const char *parts[4];
	} rows[] = {
		{ "", 1, { "" } },
		{ "a", 1, { "a" } },
		{ "a,b", 2, { "a", "b" } },
		{ ",", 2, { "", "" } },
		{ "a,,b,", 4, { "a", "", "b", "" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span rest = span_text(rows[i].text), head;
		size_t count = 0;

		while (span_cut(&rest, ',', &head)) {
			assert_true(count < rows[i].count);
			if (!span_is(head, rows[i].parts[count++]))
				fail_msg("row %zu part %zu", i, count);
		}
		assert_int_equal(count, rows[i].count);
		assert_false(span_cut(&rest, ',', &head));
	}
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "007", true, 7 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "", false, 0 },
		{ "-1", false, 0 },
		{ "+1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "0x1", false, 0 },
		{ "1e3", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = 0;

		if (span_number(span_text(rows[i].text), &value) != rows[i].good ||
		    (rows[i].good && value != rows[i].value))
			fail_msg("row %zu: %s", i, rows[i].text);
	}
	assert_false(span_number(span_make("1\0", 2), &(uint64_t){ 0 }));
}

static void copies(void **state)
{
	char to[4];

	(void)state;
	assert_true(span_copy(span_text("abc"), to, sizeof to));
	assert_string_equal(to, "abc");
	assert_false(span_copy(span_text("abcd"), to, sizeof to));
	assert_false(span_copy(span_text(""), to, 0));
	assert_true(span_copy(span_make(NULL, 0), to, 1));
	assert_string_equal(to, "");
}

static void letters(void **state)
{
	char text[] = "ABZaz[@0\xc3\x84";

	(void)state;
	for (int c = 0; c < 256; c++) {
		bool upper = c >= 'A' && c <= 'Z';
		bool lower = c >= 'a' && c <= 'z';
		bool digit = c >= '0' && c <= '9';

		assert_int_equal((unsigned char)ascii_lower((char)c), upper ? c + 32 : c);
		assert_int_equal((unsigned char)ascii_upper((char)c), lower ? c - 32 : c);
		assert_int_equal(ascii_is_digit((char)c), digit);
		assert_int_equal(ascii_is_alnum((char)c), upper || lower || digit);
	}
	ascii_lower_text(text);
	assert_string_equal(text, "abzaz[@0\xc3\x84");
}

static void utf8(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{ "", true },
		{ "plain", true },
		{ "\x7f", true },
		{ "\xc2\x80", true },
		{ "\xdf\xbf", true },
		{ "\xe0\xa0\x80", true },
		{ "\xed\x9f\xbf", true },
		{ "\xee\x80\x80", true },
		{ "\xef\xbf\xbf", true },
		{ "\xf0\x90\x80\x80", true },
		{ "\xf4\x8f\xbf\xbf", true },
		{ "a\xc3\xa4z", true },
		{ "\x80", false },		 /* a continuation alone */
		{ "\xbf", false },
		{ "\xc3", false },		 /* cut */
		{ "\xe2\x82", false },
		{ "\xf0\x9f\x98", false },
		{ "\xc0\x80", false },		 /* not the shortest form */
		{ "\xc1\xbf", false },
		{ "\xe0\x9f\xbf", false },
		{ "\xf0\x8f\xbf\xbf", false },
		{ "\xed\xa0\x80", false },	 /* surrogates */
		{ "\xed\xbf\xbf", false },
		{ "\xf4\x90\x80\x80", false },	 /* beyond U+10FFFF */
		{ "\xf5\x80\x80\x80", false },
		{ "\xff", false },
		{ "\xc3" "a", false },
		{ "\xe2\x82" "a", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (utf8_valid(span_text(rows[i].text)) != rows[i].valid)
			fail_msg("row %zu", i);
	assert_true(utf8_valid(span_make("a\0b", 3)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparisons), cmocka_unit_test(prefixes),
		cmocka_unit_test(empty_and_null), cmocka_unit_test(trimming),
		cmocka_unit_test(skipping), cmocka_unit_test(cutting),
		cmocka_unit_test(numbers), cmocka_unit_test(copies),
		cmocka_unit_test(letters), cmocka_unit_test(utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
