/* SPDX-License-Identifier: ISC */
#include "directory/dn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void normal_forms_are_equal(void **state)
{
	static const struct {
		const char *one, *other;
		bool same;
	} cases[] = {
		{ "CN=Alice,DC=corp,DC=example", "cn=alice, dc=CORP,dc=Example", true },
		{ "CN=A  B,DC=x", "cn=a b,dc=x", true },
		{ "CN=Smith\\, Bob,DC=x", "cn=smith\\2c bob,dc=x", true },
		{ "CN=a+SN=b,DC=x", "sn=b+cn=a,dc=x", true },
		{ "CN=a\\+SN\\=b,DC=x", "sn=b+cn=a,dc=x", false },
		{ "CN=a\\,DC\\=x", "CN=a,DC=x", false },
		{ "CN=a,DC=x", "CN=a,DC=y", false },
		{ "CN=a,DC=x", "CN=a,OU=b,DC=x", false },
		{ "CN=J\xc3\xb6rg,DC=x", "cn=J\\c3\\b6rg,dc=x", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *one = dn_normal(cases[i].one), *other = dn_normal(cases[i].other);

		assert_non_null(one);
		assert_non_null(other);
		if (cases[i].same)
			assert_string_equal(one, other);
		else
			assert_string_not_equal(one, other);
		free(one);
		free(other);
	}
}

static void others_are_none(void **state)
{
	static const char *const bad[] = { "",           "alice",  "CN=a,",  "=x",
					   "CN=a,,DC=x", "CN=\"a", "alice@x" };

	(void)state;
	assert_null(dn_normal(NULL));
	assert_false(dn_valid(NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(dn_normal(bad[i]));
		assert_false(dn_valid(bad[i]));
	}
	assert_true(dn_valid("CN=a,DC=x"));
}

static void tells_the_domain(void **state)
{
	char domain[32];

	(void)state;
	assert_true(dn_domain("CN=a,OU=b,DC=Sales,DC=Corp,DC=Example", domain, sizeof(domain)));
	assert_string_equal(domain, "sales.corp.example");
	assert_false(dn_domain("o=firm,c=de", domain, sizeof(domain)));
	assert_false(dn_domain("CN=a,DC=0123456789,DC=0123456789,DC=0123456789", domain,
			       sizeof(domain)));
	assert_false(dn_domain("nonsense", domain, sizeof(domain)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_forms_are_equal),
		cmocka_unit_test(others_are_none),
		cmocka_unit_test(tells_the_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
