/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/address.h"

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct good {
	const char *text;
	const char *local, *domain;
	const char *canonical; /* NULL = local@domain */
	bool utf8, literal;
};

static const struct good goods[] = {
	{ "a@b", "a", "b", NULL, false, false },
	{ "Al.Ice@CORP.Example", "Al.Ice", "corp.example", NULL, false, false },
	{ "!#$%&'*+-/=?^_`{|}~@x", "!#$%&'*+-/=?^_`{|}~", "x", NULL, false, false },
	{ "local", "local", "", "local", false, false },
	{ "\"alice\"@x", "alice", "x", NULL, false, false },
	{ "\"a b\"@x", "a b", "x", "\"a b\"@x", false, false },
	{ "\"a\\b\"@x", "ab", "x", NULL, false, false },
	{ "\"a\\\"b\\\\\"@x", "a\"b\\", "x", "\"a\\\"b\\\\\"@x", false, false },
	{ "\"a@b\"@x", "a@b", "x", "\"a@b\"@x", false, false },
	{ "\"a.\"@x", "a.", "x", "\"a.\"@x", false, false },
	{ "\"<>\"@x", "<>", "x", "\"<>\"@x", false, false },
	{ "a@[192.0.2.1]", "a", "[192.0.2.1]", NULL, false, true },
	{ "a@[IPv6:2001:DB8::1]", "a", "[ipv6:2001:db8::1]", NULL, false, true },
	{ "a@[ipv6:::ffff:192.0.2.1]", "a", "[ipv6:::ffff:192.0.2.1]", NULL, false, true },
	{ "j\xc3\xbcrgen@x", "j\xc3\xbcrgen", "x", NULL, true, false },
	{ "a@B\xc3\x9c"
	  "cher.Example",
	  "a",
	  "b\xc3\x9c"
	  "cher.example",
	  NULL, true, false },
	{ "\"\xe4\xb8\xad \"@x", "\xe4\xb8\xad ", "x", "\"\xe4\xb8\xad \"@x", true, false },
	{ "a@xn--bcher-kva.example", "a", "xn--bcher-kva.example", NULL, false, false },
	{ "a@1.2.3.4", "a", "1.2.3.4", NULL, false, false },
	{ A63 "b@x", A63 "b", "x", NULL, false, false },
	{ "a@" A63 "." A63 "." A63 "." A63, "a", A63 "." A63 "." A63 "." A63, NULL, false, false },
};

static const char *const bads[] = {
	"",
	"@",
	"@b",
	"a@",
	".a@b",
	"a.@b",
	"a..b@c",
	"a b@c",
	"a@b.",
	"a@.b",
	"a@b..c",
	"a@-b",
	"a@b-",
	"a@b_c",
	"a@b c",
	"a@b@c",
	"a@b>",
	"\"\"@b",
	"\"a@b",
	"\"a\\",
	"\"a\\\"",
	"\"a\"b@c",
	"a\"b\"@c",
	"\"a\n\"@b",
	"\"a\177\"@b",
	"a(x)@b",
	"a,b@c",
	"a@[]",
	"a@[1.2.3]",
	"a@[1.2.3.256]",
	"a@[1.2.3.4",
	"a@1.2.3.4]",
	"a@[1.2.3.4]x",
	"a@[IPv6:]",
	"a@[IPv6::::]",
	"a@[2001:db8::1]",
	"a@[IPv6:fe80::1%lo]",
	"a@[X:y]",
	"\xfc@b",
	"a@\xfc",
	"\xc3@b",
	"\xc0\xaf@b",
	"\xed\xa0\x80@b",
	"\xc2\x85@b",
	"a@\xc2\x85",
	"\"\\\xc3\xbc\"@b",
	A63 "bc@x",
	"a@" A63 "a",
	"a@" A63 "." A63 "." A63 "." A63 ".a",
	"<a@b>",
	"a@b\r",
	"a\t@b",
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		const struct good *good = &goods[i];
		struct address address, again;
		char text[ADDRESS_TEXT_SIZE];
		const char *why = NULL;

		if (!address_parse(span_text(good->text), &address, &why))
			fail_msg("%s: %s", good->text, why);
		assert_string_equal(address.local, good->local);
		assert_string_equal(address.domain, good->domain);
		assert_int_equal(address.utf8, good->utf8);
		assert_int_equal(address.literal, good->literal);
		address_text(&address, text);
		if (good->canonical != NULL)
			assert_string_equal(text, good->canonical);
		assert_true(address_parse(span_text(text), &again, &why));
		assert_memory_equal(&address, &again, sizeof(address));
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		struct address address;
		const char *why = NULL;

		if (address_parse(span_text(bads[i]), &address, &why))
			fail_msg("taken: %s", bads[i]);
		assert_non_null(why);
	}
}

static void test_nul_inside(void **state)
{
	static const char *const texts[] = { "a\0b@c", "a@b\0c", "\"a\0\"@b", "a@[1\0.2]" };
	static const size_t lengths[] = { 5, 5, 6, 8 };
	struct address address;
	const char *why;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_false(address_parse(span_make(texts[i], lengths[i]), &address, &why));
}

struct path {
	const char *text;
	bool null_ok, good;
	const char *canonical, *rest;
};

static const struct path paths[] = {
	{ "<a@b>", true, true, "a@b", "" },
	{ "<a@b> SIZE=1", true, true, "a@b", " SIZE=1" },
	{ "<>", true, true, "", "" },
	{ "<> X", true, true, "", " X" },
	{ "<>", false, false, NULL, NULL },
	{ "<postmaster>", false, true, "postmaster", "" },
	{ "<@x:a@b>", true, true, "a@b", "" },
	{ "<@x.example,@y.example:a@b>", true, true, "a@b", "" },
	{ "<\"a>b\"@c>", true, true, "\"a>b\"@c", "" },
	{ "<@x:>", true, false, NULL, NULL },
	{ "<@x,y:a@b>", true, false, NULL, NULL },
	{ "<@x,:a@b>", true, false, NULL, NULL },
	{ "<@:a@b>", true, false, NULL, NULL },
	{ "<@x a@b>", true, false, NULL, NULL },
	{ "<@x", true, false, NULL, NULL },
	{ "<@x,", true, false, NULL, NULL },
	{ "a@b", true, false, NULL, NULL },
	{ "<a@b", true, false, NULL, NULL },
	{ "<", true, false, NULL, NULL },
	{ "", true, false, NULL, NULL },
	{ "< a@b>", true, false, NULL, NULL },
	{ "<a@b >", true, false, NULL, NULL },
	{ "<<a@b>>", true, false, NULL, NULL },
	{ "<a@b>>", true, true, "a@b", ">" },
};

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const struct path *path = &paths[i];
		struct address address;
		char text[ADDRESS_TEXT_SIZE];
		struct span rest;
		const char *why = NULL;
		bool good = address_parse_path(span_text(path->text), path->null_ok, &address,
					       &rest, &why);

		if (good != path->good)
			fail_msg("%s: %d", path->text, good);
		if (!good)
			continue;
		address_text(&address, text);
		assert_string_equal(text, path->canonical);
		assert_true(span_is(rest, path->rest));
		assert_int_equal(address_is_null(&address), path->canonical[0] == '\0');
	}
}

/* The longest text there is fits its array. */
static void test_longest_text(void **state)
{
	struct address address = { 0 };
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	memset(address.local, '"', ADDRESS_LOCAL_MAX);
	memset(address.domain, 'x', ADDRESS_DOMAIN_MAX);
	address_text(&address, text);
	assert_int_equal(strlen(text), ADDRESS_TEXT_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),         cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul_inside),   cmocka_unit_test(test_paths),
		cmocka_unit_test(test_longest_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
