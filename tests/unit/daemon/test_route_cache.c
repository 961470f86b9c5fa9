/* SPDX-License-Identifier: ISC */
#include "daemon/route_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/table.h"

static struct address address_of(const char *text)
{
	struct address address;
	const char *why = "";

	if (!address_parse(span_text(text), &address, &why))
		fail_msg("%s: %s", text, why);
	return address;
}

static struct message_route route_of(enum outcome outcome, unsigned good_for)
{
	struct message_route route = { .outcome = outcome, .kind = ROUTE_MAILBOX, .code = 250,
				       .status = "2.1.5", .text = "fine", .good_for = good_for,
				       .quota = 1000, .ticket = span_text("a ticket") };

	return route;
}

static void kept(void **state)
{
	static const struct {
		enum outcome outcome;
		unsigned good_for;
		bool kept;
	} rows[] = {
		{ OUTCOME_OK, 30, true },
		{ OUTCOME_PERM, 10, false }, /* the cause must be logged each time */
		{ OUTCOME_TEMP, 30, false }, /* asking again may well help */
		{ OUTCOME_OK, 0, false },
		{ OUTCOME_PERM, 0, false },
	};
	struct address alice = address_of("alice@corp.example");

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct table *routes = route_cache_new();
		struct message_route route = route_of(rows[i].outcome, rows[i].good_for);
		const struct route_answer *answer;

		assert_null(route_cache_find(routes, &alice));
		route_cache_put(routes, &alice, &route);
		answer = route_cache_find(routes, &alice);
		if ((answer != NULL) != rows[i].kept)
			fail_msg("row %zu", i);
		if (answer) {
			assert_int_equal(answer->outcome, rows[i].outcome);
			assert_int_equal(answer->code, 250);
			assert_string_equal(answer->status, "2.1.5");
			assert_string_equal(answer->text, "fine");
			assert_int_equal(answer->quota, 1000);
			assert_int_equal(answer->ticket_length, 8);
			assert_memory_equal(answer->ticket, "a ticket", 8);
		}
		table_free(routes);
	}
}

/* One sender's answer is never another's. */
static void by_sender(void **state)
{
	struct table *routes = route_cache_new();
	struct message_route route = route_of(OUTCOME_OK, 30);
	struct address alice = address_of("alice@corp.example");

	(void)state;
	route.by_sender = 1;
	route_cache_put(routes, &alice, &route);
	assert_null(route_cache_find(routes, &alice));
	route.by_sender = 0;
	route.size = 5000;
	route_cache_put(routes, &alice, &route);
	assert_int_equal(route_cache_find(routes, &alice)->size, 5000);
	table_free(routes);
}

/* The directory compares without case, so one answer serves all spellings; but no more than that. */
static void addresses(void **state)
{
	static const struct {
		const char *text;
		bool found;
	} rows[] = {
		{ "bob@corp.example", true },	  { "BOB@CORP.EXAMPLE", true },
		{ "\"bob\"@corp.example", true }, { "bob@sales.example", false },
		{ "bo@corp.example", false },	  { "bob.corp.example", false },
		{ "\"bob@corp.example\"@x.example", false },
	};
	struct table *routes = route_cache_new();
	struct message_route route = route_of(OUTCOME_OK, 30);
	struct address bob = address_of("Bob@corp.example");

	(void)state;
	route_cache_put(routes, &bob, &route);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct address address = address_of(rows[i].text);

		if ((route_cache_find(routes, &address) != NULL) != rows[i].found)
			fail_msg("row %zu: %s", i, rows[i].text);
	}
	table_free(routes);
}

static void copied(void **state)
{
	struct table *routes = route_cache_new();
	struct message_route route = route_of(OUTCOME_OK, 30);
	struct address alice = address_of("alice@corp.example");
	struct route_answer *copy;

	(void)state;
	route_cache_put(routes, &alice, &route);
	copy = route_answer_copy(route_cache_find(routes, &alice));
	table_free(routes);
	assert_string_equal(copy->text, "fine");
	assert_memory_equal(copy->ticket, "a ticket", copy->ticket_length);
	free(copy);
}

static void with_a_hop(void **state)
{
	struct message_route route = { .kind = ROUTE_REMOTE, .good_for = 30, .via = "mail2.corp.example" };
	struct address alice = address_of("alice@corp.example");
	struct table *routes = route_cache_new();
	struct route_answer *copy;

	(void)state;
	route_cache_put(routes, &alice, &route);
	copy = route_answer_copy(route_cache_find(routes, &alice));
	table_free(routes);
	assert_string_equal(route_answer_via(copy), "mail2.corp.example");
	free(copy);
}

static void without_a_ticket(void **state)
{
	struct message_route route = route_of(OUTCOME_PERM, 30);
	struct route_answer *answer;

	(void)state;
	route.ticket = span_text("");
	answer = route_answer_new(&route);
	assert_int_equal(answer->ticket_length, 0);
	assert_string_equal(route_answer_via(answer), "");
	free(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept),
		cmocka_unit_test(by_sender),
		cmocka_unit_test(addresses),
		cmocka_unit_test(copied),
		cmocka_unit_test(with_a_hop),
		cmocka_unit_test(without_a_ticket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
