/* SPDX-License-Identifier: ISC */
/* AUTH in mechanisms of the owner, which is told by the client how it goes on. */
#include "smtp_owner.h"

#define START     "EHLO c\r\n"
#define TLS       START "STARTTLS\r\n\001" START
#define STARTING  "220 2.0.0 Ready to start TLS\r\n"
#define YES       "235 2.7.0 Authentication successful\r\n"
#define NO        "535 5.7.8 Authentication credentials invalid\r\n"
#define MALFORMED "501 5.5.2 Cannot decode the response\r\n"
#define CANCELLED "501 5.7.0 Authentication cancelled\r\n"
#define NOOP      "250 2.0.0 Ok\r\n"
/* What the client says. */
#define MORE    "bW9yZQ=="
#define DATA    "ZGF0YQ=="
#define OK      "b2s="
#define WRONG   "d3Jvbmc="
#define DOWN    "ZG93bg=="
#define EXPIRED "ZXhwaXJlZA=="
#define GO_ON   "334 Z28gb24=\r\n"

static const struct mechanism mechanisms[] = {
	{ "GSSAPI", MECHANISM_IN_PLAIN | MECHANISM_IN_TLS },
	{ "NTLM", MECHANISM_IN_TLS },
	{ "X-OLD", MECHANISM_IN_PLAIN },
	{ "EXTERNAL", MECHANISM_IN_TLS | MECHANISM_WITH_CERTIFICATE },
	{ NULL, 0 },
};
static const struct smtp_profile with_basic = {
	.fqdn = "mx.corp.example",
	.starttls = true,
	.anonymous = true,
	.basic = true,
	.mechanisms = mechanisms,
};
static const struct smtp_profile secure_only = {
	.fqdn = "mx.corp.example",
	.starttls = true,
	.mechanisms = mechanisms,
	.bad_commands = 3,
};
#define TELL_PLAIN BARE "250-STARTTLS\r\n250-AUTH GSSAPI X-OLD\r\n250 HELP\r\n"
#define TELL_TLS   BARE "250-REQUIRETLS\r\n250-AUTH GSSAPI NTLM PLAIN LOGIN\r\n250 HELP\r\n"
#define PLAIN      GREETING TELL_PLAIN
#define SECURE     PLAIN STARTING TELL_TLS

static const struct dialogue with_certificate = {
	"with a certificate", TEXT(TLS "AUTH EXTERNAL " OK "\r\n" START),
	PLAIN STARTING BARE
	"250-REQUIRETLS\r\n250-AUTH GSSAPI NTLM EXTERNAL PLAIN LOGIN\r\n250 HELP\r\n" YES BARE
	"250-REQUIRETLS\r\n250 HELP\r\n",
	"EXTERNAL ok\n", &with_basic
};

static const struct dialogue offers[] = {
	{ "without a certificate", TEXT(TLS "AUTH EXTERNAL =\r\n"),
	  SECURE "504 5.5.4 Mechanism not supported\r\n", "", &with_basic },
	{ "passwords not offered", TEXT(TLS "AUTH PLAIN\r\nAUTH LOGIN\r\n"),
	  PLAIN STARTING BARE "250-REQUIRETLS\r\n250-AUTH GSSAPI NTLM\r\n250 HELP\r\n"
			      "504 5.5.4 Mechanism not supported\r\n"
			      "504 5.5.4 Mechanism not supported\r\n",
	  "", &secure_only },
	{ "certificate needs TLS", TEXT(START "AUTH EXTERNAL\r\n"),
	  PLAIN "538 5.7.11 Encryption required for this mechanism\r\n", "", &with_basic },
	{ "TLS needed", TEXT(START "AUTH NTLM\r\nAUTH PLAIN\r\nAUTH FOO\r\nAUTH GSS\r\n"),
	  PLAIN "538 5.7.11 Encryption required for this mechanism\r\n"
		"538 5.7.11 Encryption required for this mechanism\r\n"
		"504 5.5.4 Mechanism not supported\r\n504 5.5.4 Mechanism not supported\r\n",
	  "", &with_basic },
	{ "plain only", TEXT(TLS "AUTH X-OLD\r\n"), SECURE "504 5.5.4 Mechanism not supported\r\n",
	  "", &with_basic },
};

static const struct dialogue exchanges[] = {
	{ "the usual way of NTLM", TEXT(TLS "AUTH NTLM\r\n" MORE "\r\n" OK "\r\nNOOP\r\n"),
	  SECURE "334 \r\n" GO_ON YES NOOP, "NTLM more\nNTLM ok\n", &with_basic },
	{ "initial response", TEXT(START "auth gssapi " MORE "\r\n" MORE "\r\n" OK "\r\nNOOP\r\n"),
	  PLAIN GO_ON GO_ON YES NOOP, "GSSAPI more\nGSSAPI more\nGSSAPI ok\n", &with_basic },
	{ "initial response without octets", TEXT(START "AUTH GSSAPI =\r\nNOOP\r\n"), PLAIN NO NOOP,
	  "GSSAPI \n", &with_basic },
	{ "data with the success", TEXT(START "AUTH GSSAPI " DATA "\r\n\r\nNOOP\r\n"),
	  PLAIN "334 cHJvb2Y=\r\n" YES NOOP, "GSSAPI data\nGSSAPI \n", &with_basic },
	{ "wrong, then right, by another mechanism",
	  TEXT(TLS "AUTH GSSAPI " WRONG "\r\nAUTH LOGIN YWxpY2U=\r\nc2VjcmV0\r\n"),
	  SECURE NO "334 UGFzc3dvcmQ6\r\n" YES, "GSSAPI wrong\nlogin LOGIN /alice/secret\n",
	  &with_basic },
	{ "trouble", TEXT(START "AUTH GSSAPI " DOWN "\r\nAUTH GSSAPI\r\n" EXPIRED "\r\n"),
	  PLAIN "454 4.7.0 Temporary authentication failure\r\n334 \r\n"
		"535 5.7.8 Password expired\r\n",
	  "GSSAPI down\nGSSAPI expired\n", &with_basic },
	{ "twice, and in a transaction",
	  TEXT(START "MAIL FROM:<a@b>\r\nAUTH GSSAPI " OK "\r\nRSET\r\nAUTH GSSAPI " OK
		     "\r\nAUTH GSSAPI " OK "\r\n"),
	  PLAIN
	  "250 2.1.0 Sender ok\r\n503 5.5.1 AUTH not allowed in a mail transaction\r\n" NOOP YES
	  "503 5.5.1 Authenticated already\r\n",
	  "discard\nGSSAPI ok\n", &with_basic },
	{ "not before EHLO", TEXT("AUTH GSSAPI " OK "\r\n"),
	  GREETING "503 5.5.1 Send EHLO first\r\n", "", &with_basic },
	{ "cancelled before it began", TEXT(START "AUTH GSSAPI\r\n*\r\nNOOP\r\n"),
	  PLAIN "334 \r\n" CANCELLED NOOP, "", &with_basic },
	{ "cancelled", TEXT(START "AUTH GSSAPI " MORE "\r\n*\r\nAUTH GSSAPI " OK "\r\n"),
	  PLAIN GO_ON CANCELLED YES, "GSSAPI more\ndrop\nGSSAPI ok\n", &with_basic },
	{ "garbage first", TEXT(START "AUTH GSSAPI bW9\r\nAUTH GSSAPI\r\n====\r\n"),
	  PLAIN MALFORMED "334 \r\n" MALFORMED, "", &with_basic },
	{ "garbage in between",
	  TEXT(START "AUTH GSSAPI " MORE "\r\nRSET X\r\nAUTH GSSAPI " MORE "\r\nbW9yZ===\r\n"),
	  PLAIN GO_ON "501 5.5.2 Cannot decode the response\r\n" GO_ON MALFORMED, NULL,
	  &with_basic },
	{ "bare LF", TEXT(START "AUTH GSSAPI " MORE "\r\n" OK "\nNOOP\r\n"),
	  PLAIN GO_ON "500 5.5.2 Lines must end with CR LF\r\n" CLOSED, "GSSAPI more\ndrop\n",
	  &with_basic },
	{ "guesses are counted",
	  TEXT(START "AUTH GSSAPI " WRONG "\r\nAUTH GSSAPI " DOWN "\r\nAUTH GSSAPI " MORE
		     "\r\n" WRONG "\r\nAUTH GSSAPI " MORE "\r\n*\r\nNOOP\r\n"),
	  PLAIN NO "454 4.7.0 Temporary authentication failure\r\n" GO_ON NO GO_ON CANCELLED
		   "421 4.7.0 Too many errors, closing connection\r\n" CLOSED,
	  "GSSAPI wrong\nGSSAPI down\nGSSAPI more\nGSSAPI wrong\nGSSAPI more\ndrop\n",
	  &secure_only },
};

static void test_offers(void **state)
{
	(void)state;
	PLAY_ALL(offers);
	play_dialogue_as(&with_certificate, true);
}

static void test_exchanges(void **state)
{
	(void)state;
	PLAY_ALL(exchanges);
}

static void say(struct owner *owner, const char *text)
{
	owner_receive(owner, text, strlen(text));
}

static void expect(struct owner *owner, const char *output, const char *events)
{
	check_text("exchange", "output", &owner->output, output);
	check_text("exchange", "events", &owner->events, events);
	buffer_clear(&owner->output);
	buffer_clear(&owner->events);
}

static void begin(struct owner *owner, const char *text)
{
	owner_init(owner, &with_basic);
	say(owner, START);
	buffer_clear(&owner->output);
	say(owner, text);
}

/* before, count letters, CRLF, as they come from a network */
static void say_long(struct owner *owner, const char *before, size_t count)
{
	char *line = malloc(count);

	memset(line, 'A', count);
	say(owner, before);
	for (size_t at = 0; at < count; at += 5000)
		owner_receive(owner, line + at, count - at < 5000 ? count - at : 5000);
	say(owner, "\r\n");
	free(line);
}

static void test_long_lines(void **state)
{
	struct owner owner;

	(void)state;
	begin(&owner, "");
	say_long(&owner, "AUTH GSSAPI ", SMTP_AUTH_MAX - 16);
	expect(&owner, GO_ON, "GSSAPI 49140 octets\n");
	say_long(&owner, "", SMTP_AUTH_MAX - 4);
	expect(&owner, GO_ON, "GSSAPI 49149 octets\n");
	/* 65,536 octets with CRLF are a line, which is no base64, one more are none. */
	say_long(&owner, "", SMTP_AUTH_MAX - 2);
	expect(&owner, MALFORMED, "drop\n");
	say(&owner, "AUTH GSSAPI " MORE "\r\n");
	say_long(&owner, "", SMTP_AUTH_MAX - 1);
	expect(&owner, "334 Z28gb24=\r\n500 5.5.6 Authentication exchange line is too long\r\n",
	       "GSSAPI more\ndrop\n");
	say(&owner, "AUTH GSSAPI\r\n");
	say_long(&owner, "", 3 * SMTP_AUTH_MAX);
	expect(&owner, "334 \r\n500 5.5.6 Authentication exchange line is too long\r\n", "");
	/* Nobody makes us hold so much for what cannot begin. */
	say_long(&owner, "AUTH NTLM ", SMTP_LOGIN_MAX);
	say_long(&owner, "AUTH PLAIN ", SMTP_LOGIN_MAX);
	expect(&owner, "500 5.5.2 Line too long\r\n500 5.5.2 Line too long\r\n", "");
	say(&owner, "AUTH GSSAPI " OK "\r\n");
	say_long(&owner, "AUTH GSSAPI ", SMTP_LOGIN_MAX);
	expect(&owner, YES "500 5.5.2 Line too long\r\n", "GSSAPI ok\n");
	assert_string_equal(smtp_server_identity(owner.server), "bob@corp.example");
	owner_clear(&owner);
}

static void test_end_between_messages(void **state)
{
	struct owner owner;

	(void)state;
	begin(&owner, "AUTH GSSAPI " MORE "\r\n");
	smtp_server_timeout(owner.server);
	expect(&owner, GO_ON "421 4.4.2 Timeout, closing connection\r\n" CLOSED,
	       "GSSAPI more\ndrop\n");
	owner_clear(&owner);

	begin(&owner, "AUTH GSSAPI\r\n");
	smtp_server_timeout(owner.server);
	expect(&owner, "334 \r\n421 4.4.2 Timeout, closing connection\r\n" CLOSED, "");
	owner_clear(&owner);

	begin(&owner, "AUTH GSSAPI " MORE "\r\n" OK "\r\n");
	smtp_server_timeout(owner.server);
	expect(&owner, GO_ON YES "421 4.4.2 Timeout, closing connection\r\n" CLOSED,
	       "GSSAPI more\nGSSAPI ok\n");
	owner_clear(&owner);

	begin(&owner, "AUTH GSSAPI " MORE "\r\n");
	smtp_server_tls_started(owner.server, "TLS1.3", "X", false);
	say(&owner, "NOOP\r\n");
	expect(&owner, GO_ON NOOP, "GSSAPI more\ndrop\n");
	owner_clear(&owner);
}

/* The answer comes to a session that is over. */
static void test_end_while_asking(void **state)
{
	static const char line[] = "AUTH GSSAPI " MORE "\r\nNOOP\r\n";
	struct owner owner;

	(void)state;
	begin(&owner, "");
	owner.later = true;
	assert_int_equal(smtp_server_feed(owner.server, line, strlen(line)), strlen(line) - 6);
	assert_true(smtp_server_waiting(owner.server));
	assert_int_equal(smtp_server_feed(owner.server, "NOOP\r\n", 6), 0);
	smtp_server_timeout(owner.server);
	smtp_server_challenge(owner.server, span_text("late"));
	smtp_server_answer(owner.server, OUTCOME_OK, NULL);
	expect(&owner, "421 4.4.2 Timeout, closing connection\r\n" CLOSED, "GSSAPI more\ndrop\n");
	assert_null(smtp_server_identity(owner.server));
	owner_clear(&owner);
}

static void test_freed(void **state)
{
	struct owner owner;

	(void)state;
	begin(&owner, "AUTH GSSAPI " MORE "\r\n");
	expect(&owner, GO_ON, "GSSAPI more\n");
	owner_clear(&owner); /* calls nobody */

	begin(&owner, "");
	owner.later = true;
	smtp_server_feed(owner.server, "AUTH GSSAPI bW9yZQ==\r\n", 22);
	assert_true(smtp_server_waiting(owner.server));
	owner_clear(&owner);
}

static void end_inside(void *context, const struct mechanism_message *message)
{
	struct owner *owner = context;

	on_exchange(owner, message);
	smtp_server_timeout(owner->server);
	smtp_server_challenge(owner->server, span_text("late"));
}

/* The owner ends the session inside the ask, with its answer given or not. */
static void test_end_inside_the_ask(void **state)
{
	static const char line[] = "AUTH GSSAPI " MORE "\r\nNOOP\r\n";
	struct smtp_calls calls = owner_calls;
	struct owner owner;

	(void)state;
	calls.ask_exchange = end_inside;
	for (int later = 0; later < 2; later++) {
		memset(&owner, 0, sizeof(owner));
		owner.server = smtp_server_new(&with_basic, &calls, &owner, "192.0.2.1", "S1");
		owner.later = later;
		smtp_server_feed(owner.server, START, strlen(START));
		buffer_clear(&owner.output);
		assert_int_equal(smtp_server_feed(owner.server, line, strlen(line)), strlen(line));
		expect(&owner, "421 4.4.2 Timeout, closing connection\r\n" CLOSED,
		       "GSSAPI more\ndrop\n");
		owner_clear(&owner);
	}
}

static void say_yes(void *context, const struct smtp_login *login)
{
	(void)login;
	smtp_server_answer(((struct owner *)context)->server, OUTCOME_OK, NULL);
}

/* Told in an exchange that the client gave up; then somebody else logs in. */
static void test_identity_is_not_left_over(void **state)
{
	struct smtp_calls calls = owner_calls;
	struct owner owner;

	(void)state;
	calls.ask_login = say_yes;
	memset(&owner, 0, sizeof(owner));
	owner.server = smtp_server_new(&with_basic, &calls, &owner, "192.0.2.1", "S1");
	smtp_server_tls_started(owner.server, "TLS1.3", "X", false);
	say(&owner, START "AUTH GSSAPI " DATA "\r\n*\r\n");
	assert_null(smtp_server_identity(owner.server));
	say(&owner, "AUTH LOGIN YWxpY2U=\r\nc2VjcmV0\r\n");
	assert_string_equal(smtp_server_identity(owner.server), "alice");
	owner_clear(&owner);
}

static void test_notes(void **state)
{
	struct owner owner;

	(void)state;
	begin(&owner, "AUTH GSSAPI " MORE "\r\n" WRONG "\r\nAUTH GSSAPI " MORE
		      "\r\n*\r\nAUTH GSSAPI " MORE "\r\n" OK "\r\n");
	check_text("exchange", "notes", &owner.notes,
		   "smtp.refused GSSAPI|535 5.7.8 Authentication credentials invalid\n"
		   "smtp.refused -|501 5.7.0 Authentication cancelled\n"
		   "smtp.auth bob@corp.example|235 2.7.0 Authentication successful\n");
	owner_clear(&owner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_end_between_messages),
		cmocka_unit_test(test_end_while_asking),
		cmocka_unit_test(test_freed),
		cmocka_unit_test(test_end_inside_the_ask),
		cmocka_unit_test(test_identity_is_not_left_over),
		cmocka_unit_test(test_notes),
	};

	return cmocka_run_group_tests_name("smtp exchange", tests, NULL, NULL);
}
