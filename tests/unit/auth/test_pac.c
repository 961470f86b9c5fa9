/* SPDX-License-Identifier: ISC */
#include "auth/pac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"

/* Of a ticket that Samba's KDC made for alice. */
static const char real[] =
	"01100800ccccccccb0010000000000000000020068c98f27c47ddd01ffffffffffffff7fffffffffffffff7f"
	"384d6383c37ddd01384d6383c37ddd01ffffffffffffff7f0a000a0004000200000000000800020000000000"
	"0c000200000000001000020000000000140002000000000018000200030000004f0400000102000003000000"
	"1c0002002000000000000000000000000000000000000000060008002000020008000a002400020028000200"
	"0000000000000000100000000000000000000000000000000000000000000000000000000000000001000000"
	"2c00020000000000000000000000000005000000000000000500000061006c00690063006500000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000000000000300000001020000070000005604000007000000570400000700000004000000"
	"0000000003000000440043003100000005000000000000000400000043004f00520050000400000001040000"
	"00000005150000006aee2b2578c48c7e22e16eaf010000003000020007000000010000000101000000000012"
	"0100000000000000";
enum { SIZE = (sizeof(real) - 1) / 2, USER_AT = 0x78, DOMAIN_AT = 0xac, REFERENT_AT = 0x10 };

static void load(char octets[SIZE])
{
	size_t length;

	assert_true(hex_decode(span_text(real), octets, SIZE, &length));
	assert_int_equal(length, SIZE);
}

/* From memory of that size exactly, so that a sanitizer sees one octet too many. */
static bool read_sid(const char *octets, size_t size, char sid[SID_SIZE_MAX], size_t *length,
		     const char **why)
{
	char *exact = malloc(size ? size : 1);
	bool found;

	assert_non_null(exact);
	memcpy(exact, octets, size);
	found = pac_user_sid(span_make(exact, size), sid, length, why);
	free(exact);
	return found;
}

static void reads_the_account(void **state)
{
	char octets[SIZE], sid[SID_SIZE_MAX], text[192];
	const char *why;
	size_t length;

	(void)state;
	load(octets);
	assert_true(read_sid(octets, SIZE, sid, &length, &why));
	assert_true(sid_text(span_make(sid, length), text, sizeof(text)));
	assert_string_equal(text, "S-1-5-21-623636074-2123154552-2943279394-1103");
}

static void refuses(void **state)
{
	static const struct {
		size_t at;
		const char *octets;
		size_t length;
		const char *why;
	} cases[] = {
		{ 0, "\2", 1, "malformed" }, /* version */
		{ 1, "\0", 1, "malformed" }, /* big-endian */
		{ REFERENT_AT, "\0\0\0\0", 4, "malformed" },
		{ USER_AT, "\0\0\0\0", 4, "no account" },
		{ DOMAIN_AT, "\0\0\0\0", 4, "no account" },
		{ 0xf4, "\xff\xff\xff\xff", 4, "malformed" },  /* units of the name */
		{ 0x140, "\xff\xff\xff\xff", 4, "malformed" }, /* groups */
		{ 0x184, "\xf\0\0\0", 4, "malformed" }, /* parts of the domain's identifier */
		{ 0x184, "\0\0\0\0", 4, "malformed" },
		{ 0x188, "\2", 1, "malformed" }, /* its revision */
		{ 0x189, "\3", 1, "malformed" }, /* the count again, and another one */
	};
	char octets[SIZE], sid[SID_SIZE_MAX];
	const char *why;
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		load(octets);
		memcpy(octets + cases[i].at, cases[i].octets, cases[i].length);
		if (read_sid(octets, SIZE, sid, &length, &why) || !strstr(why, cases[i].why))
			fail_msg("case %zu: %s", i, why);
	}
}

static void every_truncation_fails(void **state)
{
	char octets[SIZE], sid[SID_SIZE_MAX];
	const char *why;
	size_t length, whole = 0x19c + 4; /* up to the end of the domain's identifier */

	(void)state;
	load(octets);
	for (size_t size = 0; size < whole; size++)
		if (read_sid(octets, size, sid, &length, &why))
			fail_msg("cut to %zu", size);
	assert_true(read_sid(octets, whole, sid, &length, &why));
}

static void any_octet_may_be_any(void **state)
{
	char octets[SIZE], sid[SID_SIZE_MAX], text[192];
	const char *why;
	size_t length;

	(void)state;
	load(octets);
	for (size_t at = 0; at < (size_t)SIZE * 256; at++) {
		char kept = octets[at / 256];

		octets[at / 256] = (char)(at % 256);
		if (read_sid(octets, SIZE, sid, &length, &why))
			assert_true(sid_text(span_make(sid, length), text, sizeof(text)));
		octets[at / 256] = kept;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_account),
		cmocka_unit_test(refuses),
		cmocka_unit_test(every_truncation_fails),
		cmocka_unit_test(any_octet_may_be_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
