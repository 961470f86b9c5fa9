/* SPDX-License-Identifier: ISC */
/* What no table of tests/unit/daemon/test_message.c tells: which field is where, and the limits. */
#include "daemon/message_directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 8192 };

static void fields(void **state)
{
	static const struct message_route sent = { OUTCOME_PERM,      ROUTE_REFUSED,     550,
						   "5.1.1",           "No such mailbox", 30,
						   (uint64_t)1 << 40, { "tick\0et", 7 }, "", "alice@corp.example", UINT64_MAX, 1 };
	static const struct message_login asked = { "smtp",      "CORP\\alice",  "alice",
						    "Alice-Pw1", "corp.example", "192.0.2.1",
						    "f0-1a2b",   2 };
	char memory[ROOM];
	struct wire_writer writer;
	struct message_route route;
	struct message_login login;

	(void)state;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_route(&writer, &sent);
	assert_true(message_get_route(span_make(memory, writer.used), &route));
	assert_int_equal(route.outcome, OUTCOME_PERM);
	assert_int_equal(route.kind, ROUTE_REFUSED);
	assert_int_equal(route.code, 550);
	assert_string_equal(route.status, "5.1.1");
	assert_string_equal(route.text, "No such mailbox");
	assert_int_equal(route.good_for, 30);
	assert_true(route.quota == (uint64_t)1 << 40);
	assert_int_equal(route.ticket.length, 7);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_login(&writer, &asked);
	assert_true(message_get_login(span_make(memory, writer.used), &login));
	assert_string_equal(login.user, "CORP\\alice");
	assert_string_equal(login.password, "Alice-Pw1");
	assert_string_equal(login.session, "f0-1a2b");
	assert_int_equal(login.server, 2);
}

/* A hop only of what goes to one. */
static void hops(void **state)
{
	static const bool good[] = { [ROUTE_MAILBOX] = false, [ROUTE_REMOTE] = true, [ROUTE_REFUSED] = false };

	(void)state;
	for (unsigned kind = ROUTE_MAILBOX; kind <= ROUTE_REFUSED; kind++) {
		struct message_route route = { .kind = (enum route_kind)kind, .via = "lmtp:[192.0.2.1]:24" };
		struct wire_writer writer;
		char memory[ROOM];

		wire_writer_init(&writer, memory, sizeof memory);
		message_put_route(&writer, &route);
		route.via[0] = '\0';
		assert_int_equal(message_get_route(span_make(memory, writer.used), &route), good[kind]);
		assert_string_equal(route.via, "lmtp:[192.0.2.1]:24");
	}
}

static bool route_of(unsigned outcome, unsigned kind, size_t ticket)
{
	static char octets[TICKET_SIZE_MAX + 1];
	struct message_route route = { 0 };
	struct wire_writer writer;
	char memory[ROOM];

	route.outcome = (enum outcome)outcome;
	route.kind = (enum route_kind)kind;
	route.ticket = span_make(octets, ticket);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_route(&writer, &route);
	return message_get_route(span_make(memory, writer.used), &route);
}

static void limits(void **state)
{
	(void)state;
	assert_true(route_of(OUTCOME_OK, ROUTE_MAILBOX, TICKET_SIZE_MAX));
	assert_false(route_of(OUTCOME_OK, ROUTE_MAILBOX, TICKET_SIZE_MAX + 1));
	assert_false(route_of(OUTCOME_PERM + 1, ROUTE_MAILBOX, 0));
	assert_false(route_of(OUTCOME_OK, ROUTE_LIST + 1, 0));
	assert_false(route_of(255, 255, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(hops),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
