/* SPDX-License-Identifier: ISC */
#include "directory_role/explain_servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"

static char one[] = "one", two[] = "two", partner[] = "partner.example", group[] = "relayers";

static void agree_or_not(void **state)
{
	static const struct {
		const char *replies[2]; /* NULL = none */
		const char *wanted;
	} cases[] = {
		{ { "ok", "ok" }, "RCPT\t250 2.1.5 ok\n" },
		{ { "ok", NULL }, "RCPT\t250 2.1.5 ok\n" },
		{ { NULL, "ok" }, "RCPT\t250 2.1.5 ok\n" },
		{ { "ok", "no" }, "RCPT at[]\tone: 250 2.1.5 ok\nRCPT at[]\ttwo: 250 2.1.5 no\n" },
		{ { NULL, NULL }, "" },
	};
	struct conf_smtp servers[2] = { { .name = one }, { .name = two } };
	struct conf conf = { .smtps = servers, .smtps_count = 2 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct explain_replies replies = explain_replies_new(&conf);
		struct buffer lines = BUFFER_EMPTY;

		for (size_t k = 0; k < 2; k++)
			if (cases[i].replies[k])
				explain_reply(&replies, k, 250, "2.1.5", cases[i].replies[k]);
		explain_replies_add(&lines, "RCPT", &replies);
		assert_int_equal(buffer_used(&lines), strlen(cases[i].wanted));
		if (cases[i].wanted[0])
			assert_memory_equal(buffer_bytes(&lines), cases[i].wanted,
					    strlen(cases[i].wanted));
		buffer_clear(&lines);
		explain_replies_clear(&replies);
	}
}

/* As frontend/relaying.c decides, for a client whom no list names. */
static void relays(void **state)
{
	static const struct {
		bool authenticated, groups, all_except, remote, logged_in;
		enum sender_relay member, wanted;
		const char *rule;
	} cases[] = {
		{ .authenticated = true,
		  .wanted = SENDER_RELAY_NO,
		  .rule = "relay_list = \"only\"" },
		{ .authenticated = true,
		  .logged_in = true,
		  .wanted = SENDER_RELAY_YES,
		  .rule = "relay_authenticated = true" },
		{ .logged_in = true, .wanted = SENDER_RELAY_NO, .rule = "relay_list" },
		{ .all_except = true, .wanted = SENDER_RELAY_YES, .rule = "all-except" },
		{ .remote = true, .wanted = SENDER_RELAY_YES, .rule = "partner.example" },
		{ .authenticated = true,
		  .groups = true,
		  .logged_in = true,
		  .member = SENDER_RELAY_YES,
		  .wanted = SENDER_RELAY_YES,
		  .rule = "relay_groups: a member" },
		{ .authenticated = true,
		  .groups = true,
		  .logged_in = true,
		  .member = SENDER_RELAY_NO,
		  .wanted = SENDER_RELAY_NO,
		  .rule = "relay_groups: no member" },
		{ .authenticated = true,
		  .groups = true,
		  .logged_in = true,
		  .member = SENDER_RELAY_UNKNOWN,
		  .wanted = SENDER_RELAY_UNKNOWN,
		  .rule = "no answer" },
		{ .authenticated = true,
		  .groups = true,
		  .logged_in = true,
		  .all_except = true,
		  .member = SENDER_RELAY_UNKNOWN,
		  .wanted = SENDER_RELAY_YES,
		  .rule = "all-except" },
		{ .authenticated = true,
		  .groups = true,
		  .remote = true,
		  .logged_in = true,
		  .member = SENDER_RELAY_UNKNOWN,
		  .wanted = SENDER_RELAY_YES,
		  .rule = "relay = true" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *groups[] = { group }, rule[400] = "";
		struct conf_smtp server = { .relay = { .authenticated = cases[i].authenticated,
						       .all_except = cases[i].all_except },
					    .relay_groups = groups,
					    .relay_groups_count = cases[i].groups };
		struct conf_remote remote = { .name = partner, .relay = cases[i].remote };
		struct conf conf = { .remotes = &remote, .remotes_count = 1 };

		assert_int_equal(explain_relaying(&conf, &server, "partner.example",
						  cases[i].logged_in, cases[i].member, rule),
				 cases[i].wanted);
		if (!strstr(rule, cases[i].rule))
			fail_msg("%zu: %s", i, rule);
	}
}

static void takes(void **state)
{
	struct conf_smtp server = { .anonymous = true };

	(void)state;
	assert_true(explain_server_takes(&server, false));
	assert_false(explain_server_takes(&server, true));
	server = (struct conf_smtp){ .methods.basic = true };
	assert_false(explain_server_takes(&server, false));
	assert_true(explain_server_takes(&server, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(agree_or_not),
					    cmocka_unit_test(relays), cmocka_unit_test(takes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
