/* SPDX-License-Identifier: ISC */
#include "directory/srv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void names(void **state)
{
	static const struct {
		enum srv_service service;
		const char *site;
		bool ad;
		const char *name;
	} cases[] = {
		{ SRV_LDAP, "", true, "_ldap._tcp.dc._msdcs.corp.example" },
		{ SRV_LDAP, "Berlin", true, "_ldap._tcp.Berlin._sites.dc._msdcs.corp.example" },
		{ SRV_KERBEROS, "Berlin", true,
		  "_kerberos._tcp.Berlin._sites.dc._msdcs.corp.example" },
		{ SRV_GLOBAL_CATALOG, "", true, "_ldap._tcp.gc._msdcs.corp.example" },
		{ SRV_GLOBAL_CATALOG, "Berlin", true,
		  "_ldap._tcp.Berlin._sites.gc._msdcs.corp.example" },
		{ SRV_LDAP, "Berlin", false, "_ldap._tcp.corp.example" },
	};
	char name[SRV_HOST_SIZE], longest[SRV_HOST_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(srv_name(cases[i].service, "corp.example", cases[i].site, cases[i].ad,
				     name));
		assert_string_equal(name, cases[i].name);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(srv_name(SRV_LDAP, longest, "", true, name));
}

/* One question, two answers: dc1 (priority 0, weight 100, 389) and dc2, names compressed. */
static const unsigned char answer[] = {
	0x12, 0x34, 0x81, 0x80, 0,   1,   0,   2,    0,    0,  0,   0,   5,   '_',  'l',  'd',
	'a',  'p',  4,    '_',  't', 'c', 'p', 1,    'x',  0,  0,   33,  0,   1,    0xc0, 12,
	0,    33,   0,    1,    0,   0,   0,   60,   0,    13, 0,   0,   0,   100,  1,    0x85,
	3,    'd',  'c',  '1',  1,   'x', 0,   0xc0, 12,   0,  33,  0,   1,   0,    0,    0,
	60,   0,    12,   0,    1,   0,   50,  2,    0x7c, 3,  'd', 'c', '2', 0xc0, 23,
};

static void parses(void **state)
{
	struct srv records[SRV_MAX];

	(void)state;
	assert_int_equal(srv_parse(answer, sizeof(answer), records), 2);
	assert_string_equal(records[0].host, "dc1.x");
	assert_int_equal(records[0].port, 389);
	assert_int_equal(records[0].weight, 100);
	assert_string_equal(records[1].host, "dc2.x");
	assert_int_equal(records[1].priority, 1);
	assert_int_equal(records[1].port, 636);
}

static void survives_cuts(void **state)
{
	struct srv records[SRV_MAX];

	(void)state;
	for (size_t length = 0; length < sizeof(answer); length++) {
		unsigned char *copy = malloc(length ? length : 1);

		memcpy(copy, answer, length);
		assert_true(srv_parse(copy, length, records) <= 1);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(parses),
		cmocka_unit_test(survives_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
