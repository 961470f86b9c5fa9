/* SPDX-License-Identifier: ISC */
/* Numbers with units, LDAP filter templates, keytabs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/span.h"
#include "conf/conf_private.h"

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		bool valid;
		uint64_t octets;
	} rows[] = {
		{ "0", true, 0 },
		{ "1", true, 1 },
		{ "2048K", true, 2048 * 1024 },
		{ "32M", true, 32 * 1024 * 1024 },
		{ "1G", true, 1024 * 1024 * 1024 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "18014398509481984K", false, 0 },
		{ "", false, 0 },
		{ "K", false, 0 },
		{ "1k", false, 0 },
		{ "1 K", false, 0 },
		{ "1KB", false, 0 },
		{ "-1", false, 0 },
		{ "0x10", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t octets = 0;

		assert_int_equal(conf_quantity_size(rows[i].text, &octets), rows[i].valid);
		if (rows[i].valid)
			assert_true(octets == rows[i].octets);
	}
}

static void test_times(void **state)
{
	uint64_t seconds;

	(void)state;
	assert_true(conf_quantity_time("5", &seconds) && seconds == 5);
	assert_true(conf_quantity_time("5s", &seconds) && seconds == 5);
	assert_true(conf_quantity_time("10m", &seconds) && seconds == 600);
	assert_true(conf_quantity_time("2h", &seconds) && seconds == 7200);
	assert_true(conf_quantity_time("1d", &seconds) && seconds == 86400);
	assert_false(conf_quantity_time("1M", &seconds));
	assert_false(conf_quantity_time("1h30m", &seconds));
	assert_false(conf_quantity_count("1m", &seconds));
}

static const struct {
	const char *filter;
	const char *why; /* NULL: right */
} filters[] = {
	{ "(mail=%{address})", NULL },
	{ "(&(|(sAMAccountType=805306368)(objectClass=group))(|(proxyAddresses=smtp:%{address})))",
	  NULL },
	{ "(!(mail=%{address}))", NULL },
	{ "(mail=*%{local}*)", NULL },
	{ "(&(mail=%{address})(cn=*))", NULL },
	{ "(&(mail=%{address})(!(uac:1.2.840.113556.1.4.803:=2)))", NULL },
	{ "(&(mail=%{address})(:caseExactMatch:=x)(cn:dn:=x))", NULL },
	{ "(&(mail=%{address})(a>=1)(b<=2)(c~=d))", NULL },
	{ "(&(mail;lang-de=%{address})(2.5.4.3=\\28\\2a\\5C))", NULL },
	{ "(&(mail=%{address})(cn=))", NULL },
	{ "", "at character 1: \"(\"" },
	{ "mail=%{address}", "at character 1: \"(\"" },
	{ "(mail=%{address}", "not closed" },
	{ "(mail=%{address}))", "at character 18: something follows" },
	{ "(mail=%{address})(a=b)", "something follows" },
	{ "(&)", "nothing after" },
	{ "(& (a=b))", "nothing after" },
	{ "(&(mail=%{address}) (a=b))", "\")\" is missing" },
	{ "(!(a=b)(mail=%{address}))", "\")\" is missing" },
	{ "()", "attribute name" },
	{ "(=x)", "attribute name" },
	{ "(mail)", "\"=\" is missing" },
	{ "(mail:=%{address})", NULL },
	{ "(mail::=x)", "nothing between" },
	{ "(mail:dn=x)", "\":=\" is missing" },
	{ "(a>1)", "\"=\" is missing" },
	{ "(a>=*)", "\\2a" },
	{ "(a=(b)", "\\28" },
	{ "(a=\\2)", "two hexadecimal" },
	{ "(a=\\zz)", "two hexadecimal" },
	{ "(a=\002)", "control character" },
	{ "(mail=%s)", "write one of %{address}, %{local}, %{domain}" },
	{ "(mail=%{adress})", "unknown placeholder: write one of %{address}" },
	{ "(mail=%{address)", "not closed" },
	{ "(mail=x@%{domain})", "every search" },
	{ "(mail=x)", "every search" },
	{ "(%{address}=x)", "attribute name" },
	{ "(!(!(!(!(!(!(!(!(!(!(!(!(!(!(!(!(!(!(!(!(a=b)))))))))))))))))))))", "too many" },
};

static void test_filters(void **state)
{
	static const char *const placeholders[] = { "address", "local", "domain", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		char why[300] = "";
		bool valid =
			conf_filter_check(filters[i].filter, placeholders, 2, why, sizeof(why));

		if (valid != !filters[i].why || (!valid && !strstr(why, filters[i].why)))
			fail_msg("%s: %s", filters[i].filter, why);
	}
}

#define REALM "\0\1R"
#define NAME  "\0\1a"
#define REST                                                                                       \
	"\0\0\0\1"                                                                                 \
	"\0\0\0\0"                                                                                 \
	"\1"
#define KEY "\0\1k"
#define ENTRY                                                                                      \
	"\0\0\0\030"                                                                               \
	"\0\1" REALM NAME REST
#define AES ENTRY "\0\022" KEY "xx"
#define RC4 ENTRY "\0\027" KEY "xx"
#define HOLE                                                                                       \
	"\377\377\377\376"                                                                         \
	"zz"

#define BYTES(text) (text), sizeof(text) - 1

static void test_keytabs(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *wrong;
	} rows[] = {
		{ BYTES("\5\2" AES), NULL },
		{ BYTES("\5\2" RC4 AES), NULL },
		{ BYTES("\5\2" HOLE AES), NULL },
		{ BYTES("\5\2" AES "\0\0\0\0"), NULL },
		{ BYTES(""), "no keytab" },
		{ BYTES("\5"), "no keytab" },
		{ BYTES("\5\1" AES), "no keytab" },
		{ BYTES("\5\2"), "no entry" },
		{ BYTES("\5\2" HOLE), "no entry" },
		{ BYTES("\5\2" RC4 RC4), "RC4" },
		{ BYTES("\5\2\0\0\0\1\0"), "damaged" },
		{ BYTES("\5\2\0\0\1\0"
			"\0\1"),
		  "damaged" },
		{ BYTES("\5\2\200\0\0\0"
			"\0\1"),
		  "damaged" },
		{ BYTES("\5\2\0\0\0\6\377\377\377\377\0\0"), "damaged" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *wrong = conf_keytab_wrong(rows[i].bytes, rows[i].length);

		if (!wrong != !rows[i].wrong || (wrong && !strstr(wrong, rows[i].wrong)))
			fail_msg("row %zu: %s", i, wrong ? wrong : "right");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_keytabs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
