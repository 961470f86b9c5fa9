/* SPDX-License-Identifier: ISC */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* RFC 4648 section 10, and the two prompts of AUTH LOGIN. */
static void vectors(void **state)
{
	static const struct {
		const char *text, *encoded;
	} rows[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "Username:", "VXNlcm5hbWU6" },
		{ "Password:", "UGFzc3dvcmQ6" },
		{ "\xfb\xff\xbf", "+/+/" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char to[64], back[64];
		size_t length = 99;

		assert_int_equal(base64_encode(span_text(rows[i].text), to, sizeof to),
				 strlen(rows[i].encoded));
		assert_string_equal(to, rows[i].encoded);
		assert_true(base64_decode(span_text(to), back, sizeof back, &length));
		assert_int_equal(length, strlen(rows[i].text));
		assert_memory_equal(back, rows[i].text, length);
	}
}

static void refused(void **state)
{
	static const char *const rows[] = {
		"A",	    "AA",	"AAA",	   "AAAAA",    "=",	   "====",	"A===",
		"=AAA",	    "A=AA",	"AA=A",	   "Zg=a",     "Zg==Zg==", "Zm8=Zm8=",	"Zm9v====",
		"Zm9v Zg==", "Zm9\n",	"Zm-_",	   "Zm9\x80",  " Zg=",	   "Zg= ",
		/* Bits that stand for no octet are set. */
		"Zh==",	    "Zm9=",	"//==",	   "///=",
	};
	char to[64];
	size_t length;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (base64_decode(span_text(rows[i]), to, sizeof to, &length))
			fail_msg("row %zu: %s", i, rows[i]);
	assert_false(base64_decode(span_make("Zm\0v", 4), to, sizeof to, &length));
}

static void exact_room(void **state)
{
	char to[6];
	size_t length;

	(void)state;
	assert_true(base64_decode(span_text("Zm9vYmFy"), to, 6, &length));
	assert_false(base64_decode(span_text("Zm9vYmFy"), to, 5, &length));
	assert_true(base64_decode(span_text("Zm9vYg=="), to, 4, &length));
	assert_false(base64_decode(span_text("Zm9vYg=="), to, 3, &length));
	assert_true(base64_decode(span_text(""), to, 0, &length));
	assert_int_equal(length, 0);
}

static void everything_round_trips(void **state)
{
	unsigned char bytes[256], back[256];
	char to[BASE64_ENCODED(256)];
	size_t length;

	(void)state;
	srandom(1);
	for (size_t size = 0; size <= sizeof bytes; size++) {
		for (size_t i = 0; i < size; i++)
			bytes[i] = (unsigned char)random();
		assert_int_equal(base64_encode(span_make(bytes, size), to, sizeof to) + 1,
				 BASE64_ENCODED(size));
		assert_true(BASE64_DECODED(strlen(to)) >= size);
		assert_true(base64_decode(span_text(to), back, sizeof back, &length));
		assert_int_equal(length, size);
		assert_memory_equal(back, bytes, size);
	}
}

static void hexadecimal(void **state)
{
	static const struct {
		const char *text;
		bool good;
		size_t length;
	} rows[] = {
		{ "", true, 0 },     { "00ff", true, 2 }, { "DEADBEEF", true, 4 }, { "dEaD", true, 2 },
		{ "0", false, 0 },   { "0g", false, 0 },  { "g0", false, 0 },	   { " 00", false, 0 },
		{ "0x00", false, 0 }, { "0011223344", false, 0 },
	};
	unsigned char to[4];
	char text[9];
	size_t length;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (hex_decode(span_text(rows[i].text), to, sizeof to, &length) != rows[i].good ||
		    (rows[i].good && length != rows[i].length))
			fail_msg("row %zu: %s", i, rows[i].text);
	}
	hex_encode(span_make("\x00\x9f\xa0\xff", 4), text);
	assert_string_equal(text, "009fa0ff");
	assert_true(hex_decode(span_text(text), to, sizeof to, &length));
	assert_memory_equal(to, "\x00\x9f\xa0\xff", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),    cmocka_unit_test(refused),
		cmocka_unit_test(exact_room), cmocka_unit_test(everything_round_trips),
		cmocka_unit_test(hexadecimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
