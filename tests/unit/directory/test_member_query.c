/* SPDX-License-Identifier: ISC */
#include "directory/member_query.h"

#include <ldap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

static void reads_filters_and_urls(void **state)
{
	static const struct {
		const char *text, *said;
		const char *base;
		int scope;
		const char *filter;
	} cases[] = {
		{ "(a=b)", "OU=x,DC=y", "OU=x,DC=y", LDAP_SCOPE_SUBTREE, "(a=b)" },
		{ "(&(a=b)(!(c=\\28)))", NULL, NULL, LDAP_SCOPE_SUBTREE, "(&(a=b)(!(c=\\28)))" },
		{ "ldap:///OU=x,DC=y??sub?(a=b)", "DC=z", "OU=x,DC=y", LDAP_SCOPE_SUBTREE,
		  "(a=b)" },
		{ "LDAP:///OU=x%20y??one?(a=%28)", NULL, NULL, 0, NULL },
		{ "ldap:///OU=x%20y,DC=z??one", NULL, "OU=x y,DC=z", LDAP_SCOPE_ONELEVEL,
		  "(objectClass=*)" },
		{ "ldap:///CN=x,DC=z", NULL, "CN=x,DC=z", LDAP_SCOPE_BASE, "(objectClass=*)" },
		{ "ldap:///??sub?(a=b)", "DC=z", NULL, LDAP_SCOPE_SUBTREE, "(a=b)" },
		/* None of these is asked. */
		{ "ldap://elsewhere.example/DC=x??sub?(a=b)", NULL, NULL, 0, NULL },
		{ "ldap:///DC=x??sub?(a=b)?!unknown", NULL, NULL, 0, NULL },
		{ "ldaps:///DC=x??sub?(a=b)", NULL, NULL, 0, NULL },
		{ "ldapi:///DC=x??sub?(a=b)", NULL, NULL, 0, NULL },
		{ "ldap:///DC=x??sideways?(a=b)", NULL, NULL, 0, NULL },
		{ "http://x/", NULL, NULL, 0, NULL },
		{ "a=b", NULL, NULL, 0, NULL },
		{ "", NULL, NULL, 0, NULL },
		{ "(a=b", NULL, NULL, 0, NULL },
		{ "(a=b))", NULL, NULL, 0, NULL },
		{ "(a=b)(c=d)", NULL, NULL, 0, NULL },
		{ "ldap:///DC=x??sub?(a=b", NULL, NULL, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct member_query query;
		const char *why;
		bool good = member_query_parse(cases[i].text, cases[i].said, &query, &why);

		assert_int_equal(good, cases[i].filter != NULL);
		if (!good) {
			assert_true(why[0]);
		} else {
			assert_string_equal(query.filter, cases[i].filter);
			assert_int_equal(query.scope, cases[i].scope);
			assert_int_equal(query.base == NULL, cases[i].base == NULL);
			if (query.base)
				assert_string_equal(query.base, cases[i].base);
		}
		member_query_clear(&query);
	}
}

static char *nested(size_t depth)
{
	char *text = memory_new(2 * depth + 10);

	memset(text, '(', depth);
	strcpy(text + depth, "a=b");
	memset(text + depth + 3, ')', depth);
	return text;
}

static void limits(void **state)
{
	struct member_query query;
	const char *why;
	char *text = nested(MEMBER_QUERY_DEPTH);

	(void)state;
	assert_true(member_query_parse(text, NULL, &query, &why));
	member_query_clear(&query);
	free(text);
	text = nested(MEMBER_QUERY_DEPTH + 1);
	assert_false(member_query_parse(text, NULL, &query, &why));
	member_query_clear(&query);
	free(text);
	text = memory_new(MEMBER_QUERY_MAX + 2);
	memset(text, 'a', MEMBER_QUERY_MAX + 1);
	text[0] = '(';
	text[MEMBER_QUERY_MAX] = ')';
	assert_false(member_query_parse(text, NULL, &query, &why));
	assert_string_equal(why, "too long");
	member_query_clear(&query);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_filters_and_urls),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
