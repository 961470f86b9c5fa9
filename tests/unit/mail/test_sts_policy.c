/* SPDX-License-Identifier: ISC */
#include "mail/sts_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void records(void **state)
{
	static const struct {
		const char *text, *id; /* id NULL: none of ours */
	} rows[] = {
		{ "v=STSv1; id=20160831085700Z;", "20160831085700Z" },
		{ "v=STSv1;id=1", "1" },
		{ "v=STSv1 ; id=1 ; ", "1" },
		{ "v=STSv1;\tid=abc;x=y;", "abc" },
		{ "v=STSv1; x=y; id=1;", "1" },
		{ "v=STSv1; id=1; id=2;", "1" },
		{ "v=STSv1; id=12345678901234567890123456789012;",
		  "12345678901234567890123456789012" },
		{ "v=STSv1; id=123456789012345678901234567890123;", NULL },
		{ "v=STSv1; id=;", NULL },
		{ "v=STSv1; id=a-b;", NULL },
		{ "v=STSv1; ID=1;", NULL },
		{ "v=STSv1;", NULL },
		{ "v=STSv1", NULL },
		{ "v=stsv1; id=1;", NULL },
		{ "v=STSv2; id=1;", NULL },
		{ "id=1; v=STSv1;", NULL },
		{ "v=STSv1; id=1; =x;", NULL },
		{ "v=STSv1; id", NULL },
		{ "v=spf1 -all", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char id[STS_ID_SIZE] = "";
		bool good = sts_record_parse(span_text(rows[i].text), id);

		if (good != (rows[i].id != NULL) || (good && strcmp(id, rows[i].id) != 0))
			fail_msg("%s: %d %s", rows[i].text, good, id);
	}
}

static void a_policy(void **state)
{
	static const char text[] =
		"version: STSv1\r\nmode: enforce\r\nmx: Mail.Example.com\r\nmx: *.example.net\r\n"
		"mx: backupmx.example.com\r\nmax_age: 604800\r\n";
	struct sts_policy policy;

	(void)state;
	assert_true(sts_policy_parse(span_text(text), &policy));
	assert_int_equal(policy.mode, STS_ENFORCE);
	assert_int_equal(policy.max_age, 604800);
	assert_int_equal(policy.count, 3);
	assert_string_equal(policy.patterns[0], "mail.example.com");
	assert_true(sts_policy_names(&policy, "MAIL.example.com"));
	assert_true(sts_policy_names(&policy, "a.example.net"));
	assert_false(sts_policy_names(&policy, "example.net"));
	assert_false(sts_policy_names(&policy, "mail.example.org"));
	sts_policy_clear(&policy);
	assert_int_equal(policy.count, 0);
}

#define HEAD "version: STSv1\n"

static void policies(void **state)
{
	static const struct {
		const char *text;
		int mode; /* -1: not valid */
		uint32_t age;
		size_t count;
	} rows[] = {
		{ HEAD "mode: testing\nmx: a.example\nmax_age: 1", STS_TESTING, 1, 1 },
		{ HEAD "mode: none\nmax_age: 86400\n", STS_NONE, 86400, 0 },
		{ HEAD "max_age:0\nmx:a.example\nmode:enforce\n", STS_ENFORCE, 0, 1 },
		{ HEAD "mode: enforce  \nmx: a.example\t\nmax_age: 9999999999\n", STS_ENFORCE,
		  STS_AGE_MAX, 1 },
		{ HEAD "mode: enforce\nmode: none\nmx: a.example\nmax_age: 5\nmax_age: 6\n",
		  STS_ENFORCE, 5, 1 },
		{ HEAD "other: x: y\nmode: enforce\nmx: a.example\nmax_age: 5\n\n", STS_ENFORCE, 5,
		  1 },
		{ HEAD "version: STSv9\nmode: none\nmax_age: 5\n", STS_NONE, 5, 0 },
		{ HEAD "mode: enforce\nmax_age: 5\n", -1, 0, 0 },
		{ HEAD "mode: enforce\nmx: a.example\n", -1, 0, 0 },
		{ HEAD "mx: a.example\nmax_age: 5\n", -1, 0, 0 },
		{ HEAD "mode: always\nmx: a.example\nmax_age: 5\n", -1, 0, 0 },
		{ HEAD "mode: enforce\nmx: a..example\nmax_age: 5\n", -1, 0, 0 },
		{ HEAD "mode: enforce\nmx: *\nmax_age: 5\n", -1, 0, 0 },
		{ HEAD "mode: enforce\nmx: *.*.example\nmax_age: 5\n", -1, 0, 0 },
		{ HEAD "mode: enforce\nmx:\nmax_age: 5\n", -1, 0, 0 },
		{ HEAD "mode: enforce\nmx: a.example\nmax_age: -5\n", -1, 0, 0 },
		{ HEAD "mode: enforce\nmx: a.example\nmax_age: 12345678901\n", -1, 0, 0 },
		{ HEAD "mode enforce\nmx: a.example\nmax_age: 5\n", -1, 0, 0 },
		{ "mode: none\nversion: STSv1\nmax_age: 5\n", -1, 0, 0 },
		{ "version: STSv2\nmode: none\nmax_age: 5\n", -1, 0, 0 },
		{ "<html>", -1, 0, 0 },
		{ "", -1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sts_policy policy;
		bool good = sts_policy_parse(span_text(rows[i].text), &policy);

		if (good != (rows[i].mode >= 0))
			fail_msg("row %zu: %d", i, good);
		if (good && ((int)policy.mode != rows[i].mode || policy.max_age != rows[i].age ||
			     policy.count != rows[i].count))
			fail_msg("row %zu: %d %u %zu", i, policy.mode, policy.max_age,
				 policy.count);
		sts_policy_clear(&policy);
	}
}

static void many_patterns(void **state)
{
	char text[8192] = HEAD "mode: enforce\nmax_age: 5\n";
	struct sts_policy policy;
	size_t used = strlen(text);

	(void)state;
	for (int i = 0; i < STS_PATTERNS_MAX + 20; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "mx: m%d.example\n", i);
	assert_true(sts_policy_parse(span_make(text, used), &policy));
	assert_int_equal(policy.count, STS_PATTERNS_MAX);
	sts_policy_clear(&policy);
}

static void patterns(void **state)
{
	static const struct {
		const char *pattern, *host;
		bool match;
	} rows[] = {
		{ "mail.example.com", "mail.example.com", true },
		{ "mail.example.com", "MAIL.EXAMPLE.COM", true },
		{ "mail.example.com", "a.mail.example.com", false },
		{ "*.example.com", "mail.example.com", true },
		{ "*.example.com", "a.mail.example.com", false },
		{ "*.example.com", "example.com", false },
		{ "*.example.com", ".example.com", false },
		{ "*.example.com", "mail.example.com.evil.example", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (sts_pattern_matches(rows[i].pattern, rows[i].host) != rows[i].match)
			fail_msg("%s %s", rows[i].pattern, rows[i].host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),  cmocka_unit_test(a_policy),
		cmocka_unit_test(policies), cmocka_unit_test(many_patterns),
		cmocka_unit_test(patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
