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

static void lookups_fail(struct server *server, int64_t now)
{
	breaker_failed(&server->breakers[CONNECTION_FOR_LOOKUPS], "x", now);
}

static size_t choose(const struct server *servers, size_t count, int64_t now)
{
	return server_choose(servers, count, CONNECTION_FOR_LOOKUPS, NULL, now);
}

static void chooses(void **state)
{
	struct server servers[3];

	(void)state;
	server_set(&servers[0], "a", 389, false, 1);
	server_set(&servers[1], "b", 389, false, 0);
	server_set(&servers[2], "c", 389, false, 2);
	assert_int_equal(choose(servers, 3, 0), 1);
	lookups_fail(&servers[1], 0);
	assert_int_equal(choose(servers, 3, 0), 0);
	/* Up comes before down even when the retry time of the preferred one has come. */
	assert_int_equal(choose(servers, 3, 100000), 0);
	lookups_fail(&servers[0], 0);
	lookups_fail(&servers[2], 0);
	assert_int_equal(choose(servers, 3, 0), 3);
	assert_int_equal(choose(servers, 3, 100000), 1);
	servers[1].gone = true;
	assert_int_equal(choose(servers, 3, 100000), 0);
	assert_int_equal(choose(servers, 0, 0), 0);
}

static void chooses_for_passwords(void **state)
{
	struct server servers[2];
	enum connection_use use = CONNECTION_FOR_PASSWORDS;

	(void)state;
	server_set(&servers[0], "a", 389, false, 0);
	server_set(&servers[1], "b", 389, false, 1);
	assert_int_equal(server_choose(servers, 2, use, NULL, 0), 0);
	assert_int_equal(server_choose(servers, 2, use, servers[0].name, 0), 1);
	/* One failure does not open it, and says nothing about lookups. */
	breaker_failed(&servers[0].breakers[use], "x", 0);
	breaker_failed(&servers[0].breakers[use], "x", 0);
	assert_int_equal(server_choose(servers, 2, use, NULL, 0), 0);
	breaker_failed(&servers[0].breakers[use], "x", 0);
	assert_int_equal(server_choose(servers, 2, use, NULL, 0), 1);
	assert_int_equal(choose(servers, 2, 0), 0);
	assert_true(breaker_succeeded(&servers[0].breakers[use]));
	/* Where searches do not get through a password goes last. */
	lookups_fail(&servers[0], 0);
	assert_int_equal(server_choose(servers, 2, use, NULL, 0), 1);
	assert_int_equal(server_choose(servers, 2, use, servers[1].name, 0), 0);
}

static void prefers_by_site(void **state)
{
	struct server servers[3];

	(void)state;
	server_set(&servers[0], "elsewhere", 389, false, 0);
	server_set(&servers[1], "next", 389, false, 0);
	server_set(&servers[2], "own", 389, false, 50);
	servers[0].tier = SERVER_ELSEWHERE;
	servers[1].tier = SERVER_NEXT_SITE;
	server_measured(&servers[0], 100);
	server_measured(&servers[2], 900000);
	assert_int_equal(choose(servers, 3, 0), 2);
	assert_true(server_is_preferred(&servers[2], &servers[1]));
	assert_true(server_is_preferred(&servers[1], &servers[0]));
	assert_false(server_is_preferred(&servers[0], &servers[1]));
	lookups_fail(&servers[2], 0);
	assert_int_equal(choose(servers, 3, 0), 1);
	/* One that asks not to be used is the last resort. */
	servers[1].paused = true;
	assert_int_equal(choose(servers, 3, 0), 0);
	assert_true(server_is_preferred(&servers[0], &servers[1]));
}

static uint32_t draws[8]; /* what the next draws give, modulo their bounds */
static size_t drawn;

static uint32_t fixed_draw(uint32_t below)
{
	return draws[drawn++ % 8] % below;
}

/* RFC 2782: 10 and 90 of 100, and those without weight at the end. */
static void draws_by_weight(void **state)
{
	struct server servers[4];

	(void)state;
	server_set(&servers[0], "small", 389, false, 0);
	server_set(&servers[1], "other", 389, false, 7);
	server_set(&servers[2], "big", 389, false, 0);
	server_set(&servers[3], "none", 389, false, 0);
	servers[0].weight = 10;
	servers[2].weight = 90;
	draws[0] = 50;
	draws[1] = 5;
	drawn = 0;
	server_draw(servers, 4, fixed_draw);
	assert_int_equal(servers[2].place, 0);
	assert_int_equal(servers[0].place, 1);
	assert_int_equal(servers[3].place, 2);
	assert_int_equal(servers[1].place, 0);
	assert_int_equal(choose(servers, 4, 0), 2);
	draws[0] = 10;
	drawn = 0;
	server_draw(servers, 4, fixed_draw);
	assert_int_equal(servers[0].place, 0);
	assert_int_equal(choose(servers, 4, 0), 0);
}

static void ranks_by_latency(void **state)
{
	struct server servers[4];
	static const int64_t latency[] = { 40000, 2000, 0, 3000 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		server_set(&servers[i], "x", 389, false, 0);
		servers[i].weight = 100;
		servers[i].place = (unsigned)i;
		if (latency[i])
			server_measured(&servers[i], latency[i]);
	}
	server_rank(servers, 4);
	/* 2 and 3 ms are the same; what was never measured comes last. */
	assert_int_equal(servers[1].place, 0);
	assert_int_equal(servers[3].place, 1);
	assert_int_equal(servers[0].place, 2);
	assert_int_equal(servers[2].place, 3);
	assert_true(server_is_preferred(&servers[1], &servers[0]));
	assert_false(server_is_preferred(&servers[1], &servers[3]));
	assert_false(server_is_preferred(&servers[1], &servers[2]));
	/* Weights were set by somebody: latency does not overrule them. */
	servers[0].weight = 200;
	servers[0].place = 0;
	servers[1].place = 1;
	server_rank(servers, 4);
	assert_int_equal(servers[0].place, 0);
	/* A configured order is one of priorities. */
	servers[0].priority = 1;
	assert_true(server_is_preferred(&servers[1], &servers[0]));
	servers[1].priority = 2;
	assert_false(server_is_preferred(&servers[1], &servers[0]));
}

static void smooths_latency(void **state)
{
	struct server server;

	(void)state;
	server_set(&server, "x", 389, false, 0);
	server_measured(&server, 0);
	assert_int_equal(server.latency, 1);
	server.latency = 1000;
	server_measured(&server, 5000);
	assert_int_equal(server.latency, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_uris),           cmocka_unit_test(chooses),
		cmocka_unit_test(chooses_for_passwords), cmocka_unit_test(prefers_by_site),
		cmocka_unit_test(draws_by_weight),       cmocka_unit_test(ranks_by_latency),
		cmocka_unit_test(smooths_latency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
