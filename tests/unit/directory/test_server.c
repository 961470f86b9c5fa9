/* SPDX-License-Identifier: ISC */
#include "directory/server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void parses_uris(void **state)
{
	static const struct {
		const char *uri;
		const char *name; /* NULL: refused */
		const char *host;
		unsigned port;
		bool implicit;
	} cases[] = {
		{ "ldap://dc1.corp.example", "ldap://dc1.corp.example:389", "dc1.corp.example", 389,
		  false },
		{ "LDAPS://dc1.corp.example/", "ldaps://dc1.corp.example:636", "dc1.corp.example",
		  636, true },
		{ "ldap://127.0.0.1:1389", "ldap://127.0.0.1:1389", "127.0.0.1", 1389, false },
		{ "ldap://[::1]:1389", "ldap://[::1]:1389", "::1", 1389, false },
		{ "ldap://[::1]", "ldap://[::1]:389", "::1", 389, false },
		{ "http://x", NULL, NULL, 0, false },
		{ "ldap://", NULL, NULL, 0, false },
		{ "ldap://:389", NULL, NULL, 0, false },
		{ "ldap://x:0", NULL, NULL, 0, false },
		{ "ldap://x:65536", NULL, NULL, 0, false },
		{ "ldap://x:12a", NULL, NULL, 0, false },
		{ "ldap://[::1]x", NULL, NULL, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server server;
		const char *why;

		assert_int_equal(server_parse(cases[i].uri, &server, &why), cases[i].name != NULL);
		if (!cases[i].name)
			continue;
		assert_string_equal(server.name, cases[i].name);
		assert_string_equal(server.host, cases[i].host);
		assert_int_equal(server.port, cases[i].port);
		assert_int_equal(server.implicit, cases[i].implicit);
	}
}

static void breaks_the_circuit(void **state)
{
	struct server server;
	int64_t now = 1000, pause = 0;

	(void)state;
	server_set(&server, "dc1", 389, false, 0);
	assert_true(server_failed(&server, "refused", now));
	assert_false(server_failed(&server, "refused", now));
	assert_true(server_failed(&server, "frozen", now));
	for (int i = 0; i < 40; i++) {
		server_failed(&server, "frozen", now);
		assert_true(server.retry - now >= pause);
		pause = server.retry - now;
	}
	/* It must be found again soon after it comes back. */
	assert_true(pause <= 5000);
	assert_true(server_succeeded(&server));
	assert_false(server_succeeded(&server));
	assert_int_equal(server.retry, 0);
}

static void chooses(void **state)
{
	struct server servers[3];

	(void)state;
	server_set(&servers[0], "a", 389, false, 1);
	server_set(&servers[1], "b", 389, false, 0);
	server_set(&servers[2], "c", 389, false, 2);
	assert_int_equal(server_choose(servers, 3, 0), 1);
	server_failed(&servers[1], "x", 0);
	assert_int_equal(server_choose(servers, 3, 0), 0);
	/* Up comes before down even when the retry time of the preferred one has come. */
	assert_int_equal(server_choose(servers, 3, 100000), 0);
	server_failed(&servers[0], "x", 0);
	server_failed(&servers[2], "x", 0);
	assert_int_equal(server_choose(servers, 3, 0), 3);
	assert_int_equal(server_choose(servers, 3, 100000), 1);
	servers[1].gone = true;
	assert_int_equal(server_choose(servers, 3, 100000), 0);
	assert_int_equal(server_choose(servers, 0, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_uris),
		cmocka_unit_test(breaks_the_circuit),
		cmocka_unit_test(chooses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
