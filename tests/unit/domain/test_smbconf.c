/* SPDX-License-Identifier: ISC */
#include "domain/smbconf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
	const char *text, *parameter, *value; /* NULL = not there */
} values[] = {
	{ "[global]\n\tsecurity = ads\n", "security", "ads" },
	{ "[global]\r\n SECURITY=ADS \r\n", "security", "ADS" },
	{ "[global]\nWork Group = CORP\n", "workgroup", "CORP" },
	{ "[global]\nworkgroup = A\nworkgroup = B\n", "work group", "B" },
	{ "security = user\n", "security", "user" },
	{ "[share]\nsecurity = ads\n", "security", NULL },
	{ "[share]\nx = y\n[Global]\nsecurity = ads\n", "security", "ads" },
	{ "[global]\n# security = ads\n; security = ads\n", "security", NULL },
	{ "[global]\nsecurity\n", "security", NULL },
	{ "[global]\nsecurityx = ads\nsecur = ads\n", "security", NULL },
	{ "[global]\nrealm =\n", "realm", "" },
	{ "", "realm", NULL },
	{ "[global]\nrealm = X", "realm", "X" },
	{ "[global]\nrealm = a = b\n", "realm", "a = b" },
};

static void finds_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct span value = { NULL, 0 };
		bool found = smbconf_value(span_text(values[i].text), values[i].parameter, &value);

		if (found != (values[i].value != NULL) ||
		    (found && !span_is(value, values[i].value)))
			fail_msg("row %zu: \"%s\"", i, values[i].text);
	}
}

static const struct {
	const char *text;
	bool member;
} members[] = {
	{ "[global]\nsecurity = ads\nrealm = CORP.EXAMPLE\n", true },
	{ "[global]\nsecurity = ADS\nrealm = corp.example\n", true },
	{ "[global]\nsecurity = ads\nrealm = OTHER.EXAMPLE\n", false },
	{ "[global]\nsecurity = user\nrealm = CORP.EXAMPLE\n", false },
	{ "[global]\nsecurity = ads\n", false },
	{ "[global]\nserver role = standalone server\n", false },
};

static void knows_members(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		assert_int_equal(smbconf_is_member(span_text(members[i].text), "corp.example"),
				 members[i].member);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_values),
		cmocka_unit_test(knows_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
