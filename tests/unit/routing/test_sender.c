/* SPDX-License-Identifier: ISC */
#include "routing/routing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/routing/graph.h"

static const char *const entries[] = {
	"a mail=a@corp.example mail=second@corp.example mail=a@elsewhere.example sendsize=500 "
	"rcpts=20 quota=9000 qsend=800 qwarn=700",
	"b mail=b@corp.example delegate=a",
	"c mail=c@corp.example delegate=g",
	"d mail=d@corp.example delegate=lost",
	"g group mail=g@corp.example member=a delegate=b",
	"lost group broken",
	"unread mail=unread@corp.example broken",
	"twin1 mail=twin@corp.example",
	"twin2 mail=twin@corp.example",
	"far mail=far@corp.example host=mx.example quota=9000 qsend=800",
	"bad mail=bad@corp.example fault=msExchRecipLimit:_no_number",
	"odd mail=odd@corp.example qsend=many",
};

static struct graph *scene(const char *domain)
{
	struct graph *graph = graph_new(domain);

	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
		graph_add(graph, entries[i]);
	return graph;
}

static enum outcome ask(struct graph *graph, const char *login, const char *sender,
			enum conf_send_as send_as, struct sender_answer *answer)
{
	struct address address = graph_address(sender);
	struct sender_ask question = {
		.who = { .directory = "d", .id = login, .address = &address }, .send_as = send_as
	};

	return routing_sender(graph->routing, &question, answer);
}

static void knows_in_whose_name(void **state)
{
	static const struct {
		const char *login, *address;
		enum outcome own; /* with send_as = own */
		bool reported;    /* with report */
		const char *status;
	} cases[] = {
		{ "a", "a@corp.example", OUTCOME_OK, false, "" },
		{ "a", "SECOND@corp.example", OUTCOME_OK, false, "" },
		{ "a", "a@corp-alias.example", OUTCOME_OK, false, "" },
		{ "a", "a+list@corp.example", OUTCOME_OK, false, "" },
		{ "a", "a@elsewhere.example", OUTCOME_OK, false, "" },
		{ "a", "", OUTCOME_OK, false, "" },
		{ "a", "postmaster@corp.example", OUTCOME_OK, false, "" },
		{ "b", "postmaster@corp.example", OUTCOME_PERM, true, "5.7.1" },
		/* persons whose delegate he is, himself or by a group */
		{ "a", "b@corp.example", OUTCOME_OK, false, "" },
		{ "b", "a@corp.example", OUTCOME_PERM, true, "5.7.1" },
		{ "a", "c@corp.example", OUTCOME_OK, false, "" },
		{ "b", "c@corp.example", OUTCOME_PERM, true, "5.7.1" },
		/* a group's delegates, not its members */
		{ "b", "g@corp.example", OUTCOME_OK, false, "" },
		{ "a", "g@corp.example", OUTCOME_PERM, true, "5.7.1" },
		{ "a", "nobody@corp.example", OUTCOME_PERM, true, "5.7.1" },
		{ "a", "x@remote.example", OUTCOME_PERM, true, "5.7.1" },
		{ "a", "x@files.example", OUTCOME_PERM, true, "5.7.1" },
		/* what cannot be found out is never refused for good */
		{ "a", "d@corp.example", OUTCOME_TEMP, false, "4.3.0" },
		{ "a", "unread@corp.example", OUTCOME_TEMP, false, "4.3.0" },
		{ "a", "twin@corp.example", OUTCOME_TEMP, false, "4.3.0" },
	};
	struct graph *graph = scene("subaddress = \"+\" postmaster = \"a@corp.example\"");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sender_answer answer;

		if (ask(graph, cases[i].login, cases[i].address, CONF_SEND_AS_OWN, &answer) !=
		    cases[i].own)
			fail_msg("%s as %s: %s", cases[i].login, cases[i].address, answer.cause);
		assert_string_equal(answer.status, cases[i].status);
		assert_false(answer.reported);
		if (cases[i].own != OUTCOME_OK) {
			assert_int_equal(answer.code, cases[i].own == OUTCOME_PERM ? 550 : 451);
			assert_int_equal(answer.good_for, 0);
			assert_non_null(strstr(answer.text, cases[i].address));
			assert_null(strstr(answer.text, "CN="));
		}
		assert_int_equal(
			ask(graph, cases[i].login, cases[i].address, CONF_SEND_AS_REPORT, &answer),
			OUTCOME_OK);
		assert_int_equal(answer.reported, cases[i].reported);
		assert_int_equal(
			ask(graph, cases[i].login, cases[i].address, CONF_SEND_AS_ANY, &answer),
			OUTCOME_OK);
		assert_false(answer.reported);
	}
	graph_free(graph);
}

static void knows_limits(void **state)
{
	static const struct {
		const char *login, *mailbox;
		uint64_t quota, size;
		uint32_t recipients;
	} cases[] = {
		{ "a", "a", 800, 500, 20 },
		{ "b", "b", 5000, UINT64_MAX, 0 }, /* the domain's */
		{ "far", "", 0, UINT64_MAX, 0 },   /* measured where the mailbox is */
		{ "odd", "odd", 5000, UINT64_MAX, 0 },
	};
	struct graph *graph = scene("quota_send = \"5000\"");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sender_answer answer;

		assert_int_equal(ask(graph, cases[i].login, "", CONF_SEND_AS_OWN, &answer),
				 OUTCOME_OK);
		assert_string_equal(answer.mailbox.name, cases[i].mailbox);
		assert_int_equal(answer.quota, cases[i].quota);
		assert_true(answer.size == cases[i].size);
		assert_int_equal(answer.recipients, cases[i].recipients);
	}
	graph_free(graph);
}

/* Whose entry cannot be read, or is gone. */
static void limits_are_never_guessed(void **state)
{
	static const struct {
		const char *login;
		enum outcome outcome;
		const char *status;
	} cases[] = {
		{ "bad", OUTCOME_TEMP, "4.3.5" },
		{ "odd", OUTCOME_TEMP, "4.3.5" }, /* no default that could hold instead */
		{ "unread", OUTCOME_TEMP, "4.3.0" },
		{ "nobody", OUTCOME_PERM, "5.7.1" },
	};
	struct graph *graph = scene("");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sender_answer answer;

		if (ask(graph, cases[i].login, "", CONF_SEND_AS_ANY, &answer) != cases[i].outcome)
			fail_msg("%s: %s", cases[i].login, answer.cause);
		assert_string_equal(answer.status, cases[i].status);
	}
	graph_free(graph);
}

static void strangers_are_not_refused_here(void **state)
{
	struct graph *graph = scene("");
	struct sender_answer answer;

	(void)state;
	assert_int_equal(ask(graph, "", "a@corp.example", CONF_SEND_AS_OWN, &answer), OUTCOME_OK);
	assert_string_equal(answer.mailbox.id, "");
	assert_true(answer.size == UINT64_MAX);
	assert_int_equal(graph->searches, 0);
	graph_free(graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_in_whose_name),
		cmocka_unit_test(knows_limits),
		cmocka_unit_test(limits_are_never_guessed),
		cmocka_unit_test(strangers_are_not_refused_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
