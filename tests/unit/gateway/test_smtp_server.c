/* SPDX-License-Identifier: ISC */
/* The calls of the owner: timeouts, shutdown, answers at odd times, what is noted, what is kept. */
#include "smtp_owner.h"

#include "gateway/smtp_private.h"

#define TO "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\n"

static void feed(struct owner *owner, const char *text)
{
	owner_receive(owner, text, strlen(text));
}

static void check_output(struct owner *owner, const char *want)
{
	check_text("session", "output", &owner->output, want);
	buffer_clear(&owner->output);
}

static void test_timeout(void **state)
{
	struct owner owner;

	(void)state;
	owner_init(&owner, NULL);
	feed(&owner, TO "DATA\r\nhalf");
	buffer_clear(&owner.output);
	assert_false(smtp_server_idle(owner.server));
	smtp_server_timeout(owner.server);
	check_output(&owner, "421 4.4.2 Timeout, closing connection\r\n" CLOSED);
	check_text("timeout", "events", &owner.events, "discard\n");
	smtp_server_timeout(owner.server);
	smtp_server_refuse(owner.server, "again");
	smtp_server_answer(owner.server, OUTCOME_OK, NULL);
	feed(&owner, "NOOP\r\n");
	check_output(&owner, "");
	owner_clear(&owner);
}

static void test_refuse(void **state)
{
	struct owner owner;

	(void)state;
	owner_init(&owner, NULL);
	smtp_server_refuse(owner.server, "Too many connections");
	check_output(&owner, "421 4.3.2 Too many connections\r\n" CLOSED);
	check_text("refuse", "notes", &owner.notes,
		   "smtp.refused -|421 4.3.2 Too many connections\n");
	owner_clear(&owner);
}

static void test_shutdown(void **state)
{
	struct owner owner;

	(void)state;
	owner_init(&owner, NULL);
	feed(&owner, TO);
	buffer_clear(&owner.output);
	smtp_server_shutdown(owner.server);
	feed(&owner, "DATA\r\nx\r\n.\r\n");
	check_output(&owner, START_DATA TAKEN);
	assert_true(smtp_server_idle(owner.server));
	feed(&owner, "MAIL FROM:<a@b>\r\n");
	check_output(&owner, "421 4.3.2 Service closing, try again later\r\n" CLOSED);
	owner_clear(&owner);
	owner_init(&owner, NULL);
	smtp_server_shutdown(owner.server);
	feed(&owner, "QUIT\r\n");
	check_output(&owner, "221 2.0.0 Bye\r\n" CLOSED);
	owner_clear(&owner);
}

/* The account was disabled meanwhile. */
static void test_expel(void **state)
{
	static const char ended[] = "421 4.7.0 Your login is no longer valid\r\n" CLOSED;
	struct owner owner;

	(void)state;
	owner_init(&owner, NULL);
	feed(&owner, "EHLO c\r\n");
	buffer_clear(&owner.output);
	smtp_server_expel(owner.server); /* nothing is under way: at once */
	check_output(&owner, ended);
	smtp_server_expel(owner.server);
	check_output(&owner, "");
	owner_clear(&owner);

	owner_init(&owner, NULL);
	feed(&owner, TO "DATA\r\nhalf\r\n");
	buffer_clear(&owner.output);
	smtp_server_expel(owner.server); /* what had begun is finished */
	check_output(&owner, "");
	feed(&owner, ".\r\n");
	check_output(&owner, TAKEN);
	feed(&owner, "RSET\r\n");
	check_output(&owner, ended);
	owner_clear(&owner);

	owner_init(&owner, NULL);
	feed(&owner, TO);
	buffer_clear(&owner.output);
	smtp_server_expel(owner.server);
	feed(&owner, "DATA\r\n");
	check_output(&owner, ended);
	owner_clear(&owner);
}

/* The session ends while the owner still thinks about an answer. */
static void test_end_while_waiting(void **state)
{
	static const char *const inputs[] = {
		"EHLO c\r\nMAIL FROM:<a@b>\r\n",
		TO,
		TO "DATA\r\n",
		TO "BDAT 0 LAST\r\n",
		TO "DATA\r\n.\r\n",
		"EHLO c\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",
		"EHLO c\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		struct owner owner;
		size_t used, length = strlen(inputs[i]);

		owner_init(&owner, NULL);
		owner.later = true;
		smtp_server_tls_started(owner.server, "TLS1.3", "X", false);
		for (used = 0; used < length;) {
			used += smtp_server_feed(owner.server, inputs[i] + used, length - used);
			if (smtp_server_waiting(owner.server) && used < length)
				owner_answer_now(&owner);
		}
		assert_true(smtp_server_waiting(owner.server));
		assert_false(smtp_server_idle(owner.server));
		assert_int_equal(smtp_server_feed(owner.server, "NOOP\r\n", 6), 0);
		if (i % 2)
			smtp_server_timeout(owner.server);
		assert_int_equal(smtp_server_waiting(owner.server), i % 2 == 0);
		if (i % 2)
			owner_answer_now(&owner);
		owner_clear(&owner);
	}
}

static void test_notes(void **state)
{
	struct owner owner;

	(void)state;
	owner_init(&owner, NULL);
	feed(&owner, "EHLO c\r\nMAIL FROM:<temp@b>\r\nMAIL FROM:<a@b>\r\nRCPT TO:<perm@b>\r\n"
		     "RCPT TO:<x@@y>\r\nRCPT TO:<x@y>\r\nRCPT TO:<z@y>\r\nDATA\r\n.\r\nMAIL "
		     "FROM:<diskfull@b>\r\n"
		     "RCPT TO:<x@y>\r\nDATA\r\n.\r\nnonsense\r\n");
	check_text(
		"notes", "notes", &owner.notes,
		"smtp.refused temp@b|451 4.3.0 Temporary failure, try again later\n"
		"smtp.refused perm@b|550 5.1.1 Recipient refused\n"
		"smtp.refused TO:<x@@y>|501 5.1.3 Bad address: bad domain\n"
		"smtp.accepted <a@b> recipients=2 size=129 with=ESMTP|250 2.0.0 Ok: queued as S1\n"
		"smtp.refused diskfull@b|452 4.3.1 Cannot store the message now\n"
		"smtp.refused -|500 5.5.2 Command not recognised\n");
	owner_clear(&owner);
}

/* A message that comes in one piece leaves in one piece: trace, then the rest. */
static void test_few_body_calls(void **state)
{
	struct owner owner;
	struct buffer input = BUFFER_EMPTY;

	(void)state;
	owner_init(&owner, NULL);
	buffer_add_text(&input, TO "DATA\r\nSubject: x\r\n\r\n");
	for (int i = 0; i < 20; i++)
		buffer_add_text(&input, "A line of text without a dot in front\r\n");
	buffer_add_text(&input, ".\r\n");
	owner_receive(&owner, buffer_bytes(&input), buffer_used(&input));
	assert_int_equal(owner.body_calls, 2);
	buffer_clear(&input);
	owner_clear(&owner);
}

/* 50,000 idle sessions have to be cheap. */
static void test_small_when_idle(void **state)
{
	struct owner owner;

	(void)state;
	assert_true(sizeof(struct smtp_server) <= 256);
	owner_init(&owner, NULL);
	feed(&owner, TO "DATA\r\nx\r\n.\r\nEHLO c\r\n");
	assert_null(owner.server->transaction);
	assert_null(owner.server->exchange);
	assert_null(owner.server->answer);
	owner_clear(&owner);
}

/* Who asks and does not listen is not obeyed; a message is taken all the same. */
static void test_replies_not_taken(void **state)
{
	struct owner owner;

	(void)state;
	owner_init(&owner, NULL);
	owner.room = 1;
	feed(&owner,
	     "EHLO c\r\nNOOP\r\nMAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n");
	check_output(&owner, EHLO_PLAIN);
	assert_false(smtp_server_waiting(owner.server));
	feed(&owner, "");
	check_output(&owner, "250 2.0.0 Ok\r\n");
	feed(&owner, "");
	check_output(&owner, "250 2.1.0 Sender ok\r\n");
	feed(&owner, "");
	check_output(&owner, "250 2.1.5 Recipient ok\r\n");
	feed(&owner, "");
	check_output(&owner, START_DATA TAKEN);
	feed(&owner, "");
	check_output(&owner, "221 2.0.0 Bye\r\n" CLOSED);
	owner_clear(&owner);
}

static void test_ipv6_client(void **state)
{
	struct owner owner;
	const char *want = "([IPv6:2001:db8::1])";
	char *body;

	(void)state;
	owner_init(&owner, NULL);
	smtp_server_free(owner.server);
	owner.server = smtp_server_new(&usual_profile, &owner_calls, &owner, "2001:db8::1", "S1");
	feed(&owner, TO "DATA\r\n");
	body = strndup(buffer_bytes(&owner.body), buffer_used(&owner.body));
	assert_non_null(body);
	assert_non_null(strstr(body, want));
	free(body);
	owner_clear(&owner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_expel),
		cmocka_unit_test(test_end_while_waiting),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_few_body_calls),
		cmocka_unit_test(test_small_when_idle),
		cmocka_unit_test(test_ipv6_client),
		cmocka_unit_test(test_replies_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
