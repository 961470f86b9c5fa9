/* SPDX-License-Identifier: ISC */
/* What a recipient becomes at RCPT; what a server answers is the matter of test_routing.c. */
#include "routing/routing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/routing/graph.h"

enum { LINES_MAX = 7 };

static enum outcome ask(struct graph *graph, const char *recipient, const char *login,
			const char *sender, uint64_t size, struct route *route)
{
	struct address address = graph_address(sender);
	struct route_ask question = {
		.recipient = graph_address(recipient),
		.sender = { .directory = "d", .id = login, .address = &address },
		.size = size
	};

	return routing_resolve(graph->routing, &question, route);
}

/* "mailbox a@corp.example", "elsewhere mx.example", "list g@corp.example", "550 5.1.1". */
static void print(const struct route *route, char *to, size_t size)
{
	switch (route->kind) {
	case ROUTE_MAILBOX:
		snprintf(to, size, "mailbox %.100s@%.100s", route->mailbox.name,
			 route->mailbox.domain);
		return;
	case ROUTE_REMOTE:
		snprintf(to, size, "elsewhere %s", route->via);
		return;
	case ROUTE_LIST:
		snprintf(to, size, "list %s", route->canonical);
		return;
	case ROUTE_REFUSED:
		snprintf(to, size, "%u %s", route->code, route->status);
	}
}

static void check(struct graph *graph, const char *const *lines, const char *recipient,
		  const char *login, const char *sender, const char *expected)
{
	struct route route;
	enum outcome outcome;
	char text[600];

	graph_drop_entries(graph);
	for (size_t i = 0; i < LINES_MAX && lines[i]; i++)
		graph_add(graph, lines[i]);
	outcome = ask(graph, recipient, login, sender, 1000, &route);
	print(&route, text, sizeof(text));
	if (strcmp(text, expected) != 0)
		fail_msg("%s, %s from %s/%s: \"%s\", not \"%s\" (%s)", lines[0], recipient, login,
			 sender, text, expected, route.cause);
	assert_int_equal(outcome, route.kind != ROUTE_REFUSED ? OUTCOME_OK
				  : route.code < 500          ? OUTCOME_TEMP
							      : OUTCOME_PERM);
	if (route.kind == ROUTE_REFUSED) {
		assert_non_null(strstr(route.text, recipient));
		assert_null(strstr(route.text, "DC=x"));
		assert_int_equal(route.status[0] - '0', route.code / 100);
	}
	if (outcome == OUTCOME_TEMP)
		assert_int_equal(route.good_for, 0);
}

#define A "a mail=A@corp.example "
#define B "b mail=b@corp.example "
#define G "g group mail=g@corp.example member=a "

static void goes_where_the_entry_says(void **state)
{
	static const struct {
		const char *lines[LINES_MAX];
		const char *recipient, *expected;
	} cases[] = {
		{ { A }, "a@corp.example", "mailbox a@corp.example" },
		{ { A }, "a@corp-alias.example", "mailbox a@corp.example" },
		/* sub-addresses: the whole one goes before */
		{ { A }, "a+x+y@corp.example", "mailbox a@corp.example" },
		{ { A }, "a-x@corp-alias.example", "mailbox a@corp.example" },
		{ { A, "t mail=a+x@corp.example" },
		  "a+x@corp.example",
		  "mailbox a+x@corp.example" },
		{ { A }, "b+x@corp.example", "550 5.1.1" },
		{ { A }, "+a@corp.example", "550 5.1.1" },
		{ { A }, "a+x@sales.example", "550 5.1.1" }, /* not there */
		/* Exchange's old names */
		{ { A "legacy=/O=Org/CN=al" },
		  "IMCEAEX-_O=Org_CN=al@corp.example",
		  "mailbox a@corp.example" },
		{ { A "legacy=/O=Org/CN=a(l" },
		  "imceaex-_o=ORG_cn=a+28l@corp.example",
		  "mailbox a@corp.example" },
		{ { A "legacy=/O=Org/CN=al" }, "IMCEAEX-_O=Org_CN=bo@corp.example", "550 5.1.1" },
		{ { A "legacy=/O=Org/CN=al" }, "IMCEAEX-_O=Org_CN=a+2@corp.example", "550 5.1.1" },
		/* the local-mail-recipient schema */
		{ { A "host=mx.example" }, "a@corp.example", "elsewhere mx.example" },
		{ { A "host=mx.example route=r@inside.example" },
		  "a@corp.example",
		  "list A@corp.example" },
		{ { A "host=mx.example route=a@corp.example" },
		  "a@corp.example",
		  "list A@corp.example" },
		{ { A "host=mail.corp.example route=a@corp.example" },
		  "a@corp.example",
		  "mailbox a@corp.example" },
		{ { A "route=a@corp.example" }, "a@corp.example", "mailbox a@corp.example" },
		{ { A "route=b@corp.example", B }, "a@corp.example", "mailbox b@corp.example" },
		{ { A "route=x@remote.example" }, "a@corp.example", "list a@corp.example" },
		{ { A "route=n@corp.example" }, "a@corp.example", "550 5.1.1" },
		{ { A "route=b@corp.example", B "host=mx.example" },
		  "a@corp.example",
		  "list b@corp.example" },
		{ { A "route=x@files.example" }, "a@corp.example", "list a@corp.example" },
		{ { A "route=nonsense" }, "a@corp.example", "451 4.3.5" },
		/* contacts, and who has a target */
		{ { "k contact mail=k@corp.example target=SMTP:k@remote.example" },
		  "k@corp.example",
		  "list k@corp.example" },
		{ { "k contact mail=k@remote.example mail=k@corp.example" },
		  "k@corp.example",
		  "list k@corp.example" },
		{ { "k contact mail=k@corp.example" }, "k@corp.example", "550 5.1.1" },
		{ { A "target=a@remote.example" }, "a@corp.example", "list a@corp.example" },
		{ { A "target=a@corp.example" }, "a@corp.example", "mailbox a@corp.example" },
		{ { A "target=X400:c=us;a=x" }, "a@corp.example", "451 4.3.5" },
		/* forwarding: to one of ours without a copy needs no queue */
		{ { A "forward=b", B }, "a@corp.example", "mailbox b@corp.example" },
		{ { A "forwardto=b@corp.example", B }, "a@corp.example", "mailbox b@corp.example" },
		{ { A "forward=b keep", B }, "a@corp.example", "list a@corp.example" },
		{ { A "forward=b forwardto=x@remote.example", B },
		  "a@corp.example",
		  "list a@corp.example" },
		{ { A "forwardto=x@remote.example" }, "a@corp.example", "list a@corp.example" },
		{ { A "forward=b", B "forward=g", G }, "a@corp.example", "list g@corp.example" },
		{ { A "forward=b", B "forward=a" }, "a@corp.example", "554 5.4.6" },
		{ { A "forward=a" }, "a@corp.example", "554 5.4.6" },
		{ { A "forward=b", B "disabled" }, "a@corp.example", "550 5.2.1" },
		{ { A "forward=lost" }, "a@corp.example", "550 5.1.1" },
		{ { A "forward=b", B "broken" }, "a@corp.example", "451 4.3.0" },
		{ { A "forward=b", B "fault=altRecipient:_no_DN" }, "a@corp.example", "451 4.3.5" },
		{ { G, A }, "g@corp.example", "list g@corp.example" },
		/* what gets no mail */
		{ { A "disabled" }, "a@corp.example", "550 5.2.1" },
		{ { "p folder mail=p@corp.example" }, "p@corp.example", "550 5.7.1" },
		{ { A "fault=mailQuota:_none" }, "a@corp.example", "451 4.3.5" },
		{ { A "broken" }, "a@corp.example", "451 4.3.0" },
		{ { A, "a2 mail=a@corp.example" }, "a@corp.example", "451 4.1.4" },
		{ { A "quota=12x" }, "a@corp.example", "451 4.3.5" }, /* never "no limit" */
		{ { A }, "x@files.example", "mailbox x@files.example" },
		{ { A }, "x@remote.example", "elsewhere " },
	};
	struct graph *graph = graph_new("subaddress = \"+-\" group_senders = \"anybody\"");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check(graph, cases[i].lines, cases[i].recipient, "", "s@remote.example",
		      cases[i].expected);
	graph_free(graph);
}

/* "Nobody" must be sure before somebody else gets the mail. */
static void catches_the_rest(void **state)
{
	static const struct {
		const char *domain;
		const char *lines[LINES_MAX];
		const char *recipient, *expected;
	} cases[] = {
		{ "catch_all = \"a@corp.example\"",
		  { A },
		  "n@corp.example",
		  "mailbox a@corp.example" },
		{ "catch_all = \"a@corp.example\"",
		  { A },
		  "n@corp-alias.example",
		  "mailbox a@corp.example" },
		{ "catch_all = \"a@corp.example\"", { A }, "n@sales.example", "550 5.1.1" },
		{ "catch_all = \"a@corp.example\"",
		  { A, B "disabled" },
		  "b@corp.example",
		  "550 5.2.1" },
		{ "catch_all = \"a@corp.example\"",
		  { A, B "broken" },
		  "b@corp.example",
		  "451 4.3.0" },
		{ "catch_all = \"a@corp.example\" subaddress = \"+\"",
		  { A, B },
		  "b+t@corp.example",
		  "mailbox b@corp.example" },
		{ "catch_all = \"x@remote.example\"",
		  { A },
		  "n@corp.example",
		  "list n@corp.example" },
		{ "catch_all = \"g@corp.example\" group_senders = \"anybody\"",
		  { A, G },
		  "n@corp.example",
		  "list g@corp.example" },
		{ "catch_all = \"gone@corp.example\"", { A }, "n@corp.example", "451 4.3.5" },
		/* one without an address goes on under the one before it */
		{ "group_senders = \"anybody\"",
		  { A, "c mail=c@corp.example forward=n", "n group member=a" },
		  "c@corp.example",
		  "list c@corp.example" },
		/* what an entry names and nobody has is a slip, not mail for the rest */
		{ "catch_all = \"a@corp.example\"",
		  { A, B "forwardto=n@corp.example" },
		  "b@corp.example",
		  "550 5.1.1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct graph *graph = graph_new(cases[i].domain);

		check(graph, cases[i].lines, cases[i].recipient, "", "s@remote.example",
		      cases[i].expected);
		graph_free(graph);
	}
}

static void obeys_policies(void **state)
{
	static const struct {
		const char *group_senders, *line; /* of r@corp.example */
		const char *login, *sender;
		const char *expected;
	} cases[] = {
		{ "", "auth", "a", "a@corp.example", "mailbox r@corp.example" },
		{ "", "auth", "", "a@corp.example", "550 5.7.1" },
		{ "", "auth", "", "", "550 5.7.1" },
		{ "", "accept=a", "a", "a@corp.example", "mailbox r@corp.example" },
		{ "", "accept=a", "b", "a@corp.example",
		  "550 5.7.1" }, /* whatever he calls himself */
		{ "", "accept=a", "", "a@corp.example", "550 5.7.1" },
		{ "", "accept=b acceptgroup=staff", "a", "a@corp.example",
		  "mailbox r@corp.example" },
		{ "", "acceptgroup=staff", "b", "b@corp.example", "550 5.7.1" },
		{ "", "acceptgroup=lost", "b", "b@corp.example", "451 4.3.0" },
		{ "", "reject=a", "a", "a@corp.example", "550 5.7.1" },
		{ "", "reject=a", "", "a@corp.example", "550 5.7.1" },
		{ "", "reject=a", "b", "b@corp.example", "mailbox r@corp.example" },
		{ "", "reject=a", "", "x@remote.example", "mailbox r@corp.example" },
		{ "", "rejectgroup=staff accept=a", "a", "a@corp.example", "550 5.7.1" },
		{ "", "rejectgroup=lost", "b", "b@corp.example", "451 4.3.0" },
		/* somebody of others is known by his contact */
		{ "", "accept=k", "", "k@remote.example", "mailbox r@corp.example" },
		{ "", "accept=a", "", "k@remote.example", "550 5.7.1" },
		{ "", "reject=k", "", "k@remote.example", "550 5.7.1" },
		/* and an account that has an address of others as well by its login alone */
		{ "", "accept=m", "", "m@remote.example", "550 5.7.1" },
		{ "", "acceptgroup=staff", "", "m@remote.example", "550 5.7.1" },
		{ "", "accept=m", "m", "m@remote.example", "mailbox r@corp.example" },
		{ "", "accept=a", "gone", "a@corp.example", "550 5.7.1" },
		/* groups of which the entry says nothing */
		{ "", "group", "a", "a@corp.example", "list r@corp.example" },
		{ "", "group", "", "a@corp.example", "550 5.7.1" },
		{ "anybody", "group", "", "x@remote.example", "list r@corp.example" },
		{ "anybody", "group auth", "", "x@remote.example", "550 5.7.1" },
		{ "members", "group member=staff", "a", "a@corp.example", "list r@corp.example" },
		{ "members", "group member=staff", "b", "b@corp.example", "550 5.7.1" },
		{ "members", "group member=staff", "", "a@corp.example", "550 5.7.1" },
		{ "members", "group member=staff accept=b", "b", "b@corp.example",
		  "list r@corp.example" },
		{ "nobody", "group", "a", "a@corp.example", "550 5.7.1" },
		{ "nobody", "group accept=a", "a", "a@corp.example", "list r@corp.example" },
		{ "", "size=999", "a", "a@corp.example", "552 5.2.3" },
		{ "", "size=1000", "a", "a@corp.example", "mailbox r@corp.example" },
		/* of who gets it in the end as well */
		{ "", "forward=b", "", "x@remote.example", "550 5.7.1" },
		{ "", "forward=b", "a", "a@corp.example", "mailbox b@corp.example" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char domain[100] = "", line[200];
		struct graph *graph;

		if (cases[i].group_senders[0])
			snprintf(domain, sizeof(domain), "group_senders = \"%s\"",
				 cases[i].group_senders);
		graph = graph_new(domain);
		snprintf(line, sizeof(line), "r mail=r@corp.example %s", cases[i].line);
		check(graph,
		      (const char *[]){ line, A, B "auth", "k contact mail=k@remote.example",
					"staff group member=a member=m", "lost group broken",
					"m mail=m@corp.example mail=m@remote.example" },
		      "r@corp.example", cases[i].login, cases[i].sender, cases[i].expected);
		graph_free(graph);
	}
}

/* Ordinary recipients cost one search, and their answer is good for all senders. */
static void stays_quick(void **state)
{
	struct graph *graph = graph_new("subaddress = \"+\" catch_all = \"a@corp.example\"");
	struct route route;

	(void)state;
	graph_add(graph, A);
	graph_add(graph, B "auth size=2000");
	graph_add(graph, "c mail=c@corp.example forward=b");
	assert_int_equal(ask(graph, "a@corp.example", "a", "a@corp.example", 10, &route),
			 OUTCOME_OK);
	assert_int_equal(graph->searches, 1);
	assert_false(route.by_sender);
	assert_true(route.size == UINT64_MAX);
	assert_int_equal(route.good_for, 10);
	assert_int_equal(ask(graph, "b@corp.example", "", "x@remote.example", 10, &route),
			 OUTCOME_PERM);
	assert_int_equal(graph->searches, 2); /* nobody is nobody without a search */
	assert_true(route.by_sender);
	assert_int_equal(ask(graph, "c@corp.example", "a", "a@corp.example", 10, &route),
			 OUTCOME_OK);
	assert_true(route.by_sender);
	assert_int_equal(route.size, 2000);
	assert_int_equal(ask(graph, "b@corp.example", "a", "a@corp.example", 2001, &route),
			 OUTCOME_PERM);
	assert_int_equal(route.good_for, 0); /* a smaller one would be taken */
	graph_free(graph);
}

/* Reports of ours go to whom they are for; and whose mailbox it is does not ask where mail goes. */
static void knows_exceptions(void **state)
{
	static const struct {
		const char *line, *recipient;
		enum outcome outcome;
		enum route_kind kind;
	} cases[] = {
		{ A "forward=b", "a@corp.example", OUTCOME_OK, ROUTE_MAILBOX },
		{ A "forwardto=x@remote.example keep", "a@corp.example", OUTCOME_OK,
		  ROUTE_MAILBOX },
		{ A "route=x@remote.example", "a@corp.example", OUTCOME_OK, ROUTE_MAILBOX },
		{ A "accept=b", "a@corp.example", OUTCOME_OK, ROUTE_MAILBOX },
		{ A "forward=b keep host=mx.example", "a@corp.example", OUTCOME_OK, ROUTE_REMOTE },
		{ A "disabled", "a@corp.example", OUTCOME_PERM, ROUTE_REFUSED },
		{ A "target=x@remote.example", "a@corp.example", OUTCOME_PERM, ROUTE_REFUSED },
		{ G, "g@corp.example", OUTCOME_PERM, ROUTE_REFUSED },
		{ A, "n@corp.example", OUTCOME_PERM, ROUTE_REFUSED },
	};
	struct graph *graph = graph_new("catch_all = \"a@corp.example\"");
	struct route_ask trusted = { .recipient = graph_address("r@corp.example"),
				     .sender = { .directory = "", .id = "", .trusted = true },
				     .size = 11 };
	struct route route;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct route_ask own = { .recipient = graph_address(cases[i].recipient),
					 .sender = { .directory = "", .id = "" },
					 .own = true };

		graph_drop_entries(graph);
		graph_add(graph, cases[i].line);
		if (routing_resolve(graph->routing, &own, &route) != cases[i].outcome ||
		    route.kind != cases[i].kind)
			fail_msg("%s: %s", cases[i].line, route.cause);
		if (route.kind == ROUTE_MAILBOX)
			assert_string_equal(route.mailbox.name, "a");
	}
	graph_add(graph, "r mail=r@corp.example auth accept=a size=10");
	assert_int_equal(routing_resolve(graph->routing, &trusted, &route), OUTCOME_OK);
	graph_free(graph);
}

static void counts_quotas(void **state)
{
	static const struct {
		const char *domain, *line;
		uint64_t quota, warn;
	} cases[] = {
		{ "", "quota=500 qwarn=400", 500, 400 },
		{ "quota = \"900\" quota_warn = \"800\"", "quota=500", 500, 800 },
		{ "quota = \"900\" quota_warn = \"800\"", "", 900, 800 },
		{ "quota = \"900\" quota_warn = \"800\"", "quota=12x qwarn=many", 900, 800 },
		{ "quota = \"900\" quota_warn = \"800\"", "quota=none", 0, 800 },
		{ "", "", 7000, 6000 }, /* the section's */
		{ "quota = \"0\"", "", 0, 6000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char domain[300], line[100];
		struct route route;
		struct graph *graph;

		snprintf(domain, sizeof(domain), "%s } quota { receive = \"7000\" warn = \"6000\"",
			 cases[i].domain);
		if (i == 0)
			domain[0] = '\0';
		graph = graph_new(domain);
		snprintf(line, sizeof(line), "a mail=a@corp.example %s", cases[i].line);
		graph_add(graph, line);
		assert_int_equal(ask(graph, "a@corp.example", "", "", 0, &route), OUTCOME_OK);
		assert_int_equal(route.mailbox.quota, cases[i].quota);
		assert_int_equal(route.mailbox.warn, cases[i].warn);
		graph_free(graph);
	}
}

static void decodes_old_names(void **state)
{
	static const struct {
		const char *local, *decoded; /* NULL: none */
	} cases[] = {
		{ "IMCEAEX-_O=A_OU=B+20C_CN=d", "/O=A/OU=B C/CN=d" },
		{ "imceaex-_o=a+2Bb", "/o=a+b" },
		{ "IMCEAEX-O=A", NULL },
		{ "IMCEAEX-_", NULL },
		{ "IMCEAEX-", NULL },
		{ "IMCEAEX-_O=+00", NULL },
		{ "IMCEAEX-_O=+2", NULL },
		{ "IMCEAEX-_O=+GG", NULL },
		{ "IMCEAFAX-_O=A", NULL },
		{ "alice", NULL },
	};
	char decoded[100];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool found = imceaex_decode(cases[i].local, decoded, sizeof(decoded));

		assert_int_equal(found, cases[i].decoded != NULL);
		if (found)
			assert_string_equal(decoded, cases[i].decoded);
	}
	assert_false(imceaex_decode("IMCEAEX-_O=abcdef", decoded, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_where_the_entry_says),
		cmocka_unit_test(catches_the_rest),
		cmocka_unit_test(obeys_policies),
		cmocka_unit_test(stays_quick),
		cmocka_unit_test(knows_exceptions),
		cmocka_unit_test(counts_quotas),
		cmocka_unit_test(decodes_old_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
