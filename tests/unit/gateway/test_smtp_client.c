/* SPDX-License-Identifier: ISC */
/* The beginning and the end of sessions: greeting, EHLO, STARTTLS, QUIT, and what is no SMTP. */
#include "smtp_client_owner.h"

static const struct smtp_client_profile may = { .name = "relay.example",
						.tls = SMTP_CLIENT_TLS_MAY };
static const struct smtp_client_profile must = { .name = "relay.example",
						 .tls = SMTP_CLIENT_TLS_MUST };
static const struct smtp_client_profile helo = { .name = "relay.example",
						 .helo = true,
						 .tls = SMTP_CLIENT_TLS_MAY };
static const struct smtp_client_profile helo_must = { .name = "relay.example",
						      .helo = true,
						      .tls = SMTP_CLIENT_TLS_MUST };
static const struct smtp_client_profile lmtp = { .name = "relay.example", .lmtp = true };
static const struct smtp_client_profile secure = { .name = "relay.example",
						   .secure = true,
						   .tls = SMTP_CLIENT_TLS_MUST };

#define QUIT                                                                                       \
	"! ready\nC: QUIT\nS: 221 2.0.0 bye\n"                                                     \
	"! ended orderly 221 2.0.0 bye\n"
#define EHLO "C: EHLO relay.example\n"

static const struct script greetings[] = {
	{ .name = "plain", .text = "S: 220 mx ESMTP\n" EHLO "S: 250 mx\n" QUIT },
	{ .name = "long greeting",
	  .text = "S: 220-mx ESMTP\nS: 220-\nS: 220\n" EHLO "S: 250-mx\nS: 250 HELP\n" QUIT },
	{ .name = "refused for good",
	  .text = "S: 554-5.7.1 go\nS: 554 5.7.1 away\nC: QUIT\n! ended never 554 5.7.1 go "
		  "away\n" },
	{ .name = "refused for now",
	  .text = "S: 450 busy\nC: QUIT\n! ended next 450 4.0.0 busy\n" },
	{ .name = "closing", .text = "S: 421 4.3.2 busy\n! ended next 421 4.3.2 busy\n" },
	{ .name = "status of another class",
	  .text = "S: 554 4.7.1 no\nC: QUIT\n! ended never 554 5.0.0 4.7.1 no\n" },
	{ .name = "no greeting",
	  .text = "S: 354 go\n! ended next 0 4.5.0 the server answered out of order at greeting: "
		  "354 go\n" },
	{ .name = "no reply",
	  .text = "S: GET / HTTP/1.0\n! ended next 0 4.5.0 the server sent what is no reply at "
		  "greeting: GET / HTTP/1.0\n" },
	{ .name = "controls",
	  .text = "S: 220 a\033[1m\nS: x\177\374\n" EHLO
		  "! ended next 0 4.5.0 the server sent what is no reply at EHLO: x??\n" },
	{ .name = "HELO behind EHLO",
	  .text = "S: 220 mx\n" EHLO "S: 500 what\nC: HELO relay.example\nS: 250 mx\n" QUIT },
	{ .name = "neither",
	  .text = "S: 220 mx\n" EHLO "S: 502 what\nC: HELO relay.example\n"
		  "S: 550 5.7.1 you\nC: QUIT\n! ended never 550 5.7.1 you\n" },
	{ .name = "EHLO later",
	  .text = "S: 220 mx\n" EHLO "S: 451 busy\nC: QUIT\n! ended next 451 4.0.0 busy\n" },
	{ .name = "HELO at once",
	  .profile = &helo,
	  .text = "S: 220 mx\nC: HELO relay.example\nS: 250-mx\nS: 250 STARTTLS\n" QUIT },
	{ .name = "LHLO",
	  .profile = &lmtp,
	  .text = "S: 220 mx\nC: LHLO relay.example\nS: 250 mx\n" QUIT },
	{ .name = "no LHLO",
	  .profile = &lmtp,
	  .text = "S: 220 mx\nC: LHLO relay.example\nS: 500 what\nC: QUIT\n! ended never 500 "
		  "5.0.0 what\n" },
	{ .name = "lost before the greeting",
	  .text = "> lost connection refused\n! ended next 0 4.4.2 connection refused\n" },
	{ .name = "lost at EHLO",
	  .text = "S: 220 mx\n" EHLO "> lost timeout\n! ended next 0 4.4.2 timeout\n" },
	{ .name = "unasked",
	  .stay = true,
	  .text = "S: 220 mx\n" EHLO "S: 250 mx\n! ready\nS: 250 what\n"
		  "! ended next 0 4.5.0 the server answered out of order at idle: 250 what\n" },
	{ .name = "idle too long",
	  .stay = true,
	  .text = "S: 220 mx\n" EHLO "S: 250 mx\n! ready\nS: 421 4.4.2 idle\n"
		  "! ended orderly 421 4.4.2 idle\n" },
	{ .name = "lost while idle",
	  .stay = true,
	  .text = "S: 220 mx\n" EHLO "S: 250 mx\n! ready\n> lost reset\n"
		  "! ended orderly 0 4.4.2 reset\n" },
	{ .name = "quit later",
	  .stay = true,
	  .text = "S: 220 mx\n" EHLO "S: 250 mx\n! ready\n> quit\nC: QUIT\n> lost closed\n"
		  "! ended orderly 0 4.4.2 closed\n" },
	{ .name = "quit wanted early",
	  .text = "> quit\nS: 220 mx\n" EHLO "S: 250 mx\nC: QUIT\nS: 221 bye\n"
		  "! ended orderly 221 2.0.0 bye\n" },
};

static void test_greetings(void **state)
{
	(void)state;
	PLAY_ALL(greetings);
}

#define OFFER "S: 220 mx\n" EHLO "S: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\n"

static const struct script tls[] = {
	{ .name = "used",
	  .profile = &may,
	  .text = OFFER "S: 220 go\n! tls\n> secured\n" EHLO "S: 250 mx\n" QUIT },
	{ .name = "not wanted", .text = "S: 220 mx\n" EHLO "S: 250-mx\nS: 250 STARTTLS\n" QUIT },
	{ .name = "refused, may", .profile = &may, .text = OFFER "S: 454 4.7.0 no\n" QUIT },
	{ .name = "refused for good, may", .profile = &may, .text = OFFER "S: 501 no\n" QUIT },
	{ .name = "refused, must",
	  .profile = &must,
	  .text = OFFER "S: 454 4.7.0 no\nC: QUIT\n! ended next 454 4.7.0 no\n" },
	{ .name = "closing",
	  .profile = &may,
	  .text = OFFER "S: 421 no\n! ended next 421 4.0.0 no\n" },
	{ .name = "not offered, may",
	  .profile = &may,
	  .text = "S: 220 mx\n" EHLO "S: 250 mx\n" QUIT },
	{ .name = "not offered, must",
	  .profile = &must,
	  .text = "S: 220 mx\n" EHLO "S: 250 mx\nC: QUIT\n! ended next 0 4.7.4 TLS is required, "
		  "and the server does not offer STARTTLS\n" },
	{ .name = "HELO and must",
	  .profile = &helo_must,
	  .text = "S: 220 mx\nC: HELO relay.example\nS: 250 mx\nC: QUIT\n! ended next 0 4.7.4 "
		  "TLS is required, and the server does not offer STARTTLS\n" },
	{ .name = "on from the start",
	  .profile = &secure,
	  .text = "S: 220 mx\n" EHLO "S: 250-mx\nS: 250 STARTTLS\n" QUIT },
	{ .name = "offered again inside",
	  .profile = &must,
	  .text = OFFER "S: 220 go\n! tls\n> secured\n" EHLO "S: 250-mx\nS: 250 STARTTLS\n" QUIT },
	{ .name = "handshake failed",
	  .profile = &may,
	  .text = OFFER "S: 220 go\n! tls\n> lost certificate has expired\n"
			"! ended next 0 4.4.2 certificate has expired\n" },
	/* What comes with the 220, or before the handshake is done, was not said inside TLS. */
	{ .name = "injected",
	  .profile = &must,
	  .text = OFFER
	  "S: 220 go\nS: 250-evil\nS: 250 AUTH PLAIN\n! tls\nS: 250 evil\n> secured\n" EHLO
	  "S: 250 mx\n" QUIT },
	{ .name = "strange answer",
	  .profile = &may,
	  .text = OFFER "S: 250 go\n! ended next 0 4.5.0 the server answered out of order at "
			"STARTTLS: 250 go\n" },
};

static void test_tls(void **state)
{
	(void)state;
	PLAY_ALL(tls);
}

static const struct script phases[] = {
	{ .name = "patience",
	  .profile = &may,
	  .patience = true,
	  .text = "! patience 300 greeting\nS: 220 mx\n" EHLO
		  "! patience 300 EHLO\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\n"
		  "! patience 300 STARTTLS\nS: 220 go\n! tls\n! patience 0 TLS handshake\n"
		  "> secured\n" EHLO "! patience 300 EHLO\n" },
};

static void test_patience(void **state)
{
	(void)state;
	PLAY_ALL(phases);
}

struct watch {
	struct smtp_client_offer offer;
	struct smtp_client_reply why;
	unsigned ended;
};

static void ignore_write(void *owner, const char *bytes, size_t length)
{
	(void)owner, (void)bytes, (void)length;
}

static void ignore(void *owner)
{
	(void)owner;
}

static void ignore_patience(void *owner, unsigned seconds)
{
	(void)owner, (void)seconds;
}

static void watch_ended(void *owner, enum smtp_client_end end, const struct smtp_client_reply *why)
{
	struct watch *watch = owner;

	(void)end;
	watch->ended++;
	watch->why = *why;
}

static const struct smtp_client_calls watching = { .write = ignore_write,
						   .start_tls = ignore,
						   .ready = ignore,
						   .ended = watch_ended,
						   .patience = ignore_patience };

static struct smtp_client *listen_to(struct watch *watch, const char *said)
{
	struct smtp_client *client = smtp_client_new(&usual, &watching, watch);

	memset(watch, 0, sizeof(*watch));
	smtp_client_connected(client);
	smtp_client_feed(client, said, strlen(said));
	watch->offer = *smtp_client_offered(client);
	return client;
}

static void test_offers(void **state)
{
	struct watch watch;
	struct smtp_client *client = listen_to(
		&watch, "220 mx\r\n250-mx.example.net at your service\r\n250-PIPELINING\r\n"
			"250-size 35882577\r\n250-8BITMIME\r\n250-CHUNKING\r\n250-BINARYMIME\r\n"
			"250-SMTPUTF8\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250-STARTTLS\r\n"
			"250-REQUIRETLS\r\n250-AUTH  PLAIN LOGIN \001BAD XOAUTH2\r\n"
			"250-AUTH=NTLM\r\n250 PIPELININGX\r\n");
	const struct smtp_client_offer *offer = &watch.offer;

	(void)state;
	assert_true(offer->esmtp && offer->pipelining && offer->size && offer->eightbitmime);
	assert_true(offer->chunking && offer->binarymime && offer->smtputf8 && offer->dsn);
	assert_true(offer->enhanced && offer->starttls && offer->requiretls);
	assert_int_equal(offer->size_max, 35882577);
	assert_string_equal(offer->name, "mx.example.net");
	assert_string_equal(offer->mechanisms, "PLAIN LOGIN XOAUTH2 NTLM");
	smtp_client_free(client);
}

static void test_odd_offers(void **state)
{
	struct watch watch;
	char long_auth[1500] = "220 mx\r\n250-m\001x\r\n250-SIZE many\r\n250 AUTH";
	struct smtp_client *client;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		strcat(long_auth, " MECHANISM");
	strcat(long_auth, "\r\n");
	client = listen_to(&watch, long_auth);
	assert_true(watch.offer.size && watch.offer.size_max == 0 && !watch.offer.pipelining);
	assert_string_equal(watch.offer.name, "m?x");
	assert_int_equal(strlen(watch.offer.mechanisms), 51 * 10 - 1);
	smtp_client_free(client);
	client = listen_to(&watch, "220 mx\r\n500-PIPELINING\r\n500 DSN\r\n250 mx PIPELINING\r\n");
	assert_false(watch.offer.esmtp || watch.offer.pipelining || watch.offer.dsn);
	assert_string_equal(watch.offer.name, "mx");
	smtp_client_free(client);
}

/* A server that never stops talking is not listened to for long, and costs no memory. */
static void test_floods(void **state)
{
	static const char *const lines[] = { "220-x\r\n", "220-\n", "220 xxxxxxxxxxxxxxxxxxxxx" };
	struct watch watch;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct smtp_client *client = listen_to(&watch, lines[i]);
		size_t octets = 0;

		/* Line ends are not counted. */
		for (; watch.ended == 0 && octets < 3 * SMTP_CLIENT_REPLY_MAX; octets += 100) {
			char block[101] = "";

			while (i < 2 && strlen(block) + strlen(lines[i]) <= 100)
				strcat(block, lines[i]);
			if (i == 2)
				memset(block, 'x', 100);
			smtp_client_feed(client, block, strlen(block));
		}
		assert_int_equal(watch.ended, 1);
		assert_string_equal(watch.why.text,
				    "the server sent a reply without end at greeting: ");
		smtp_client_free(client);
	}
}

static void test_long_texts(void **state)
{
	char said[4000] = "554 5.7.1 ", line[SMTP_CLIENT_LINE_MAX + 200];
	struct smtp_client *client;
	struct watch watch;

	(void)state;
	memset(line, 'y', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	strcat(said, line);
	strcat(said, "\r\n");
	client = listen_to(&watch, said);
	assert_int_equal(watch.ended, 1);
	assert_int_equal(watch.why.code, 554);
	assert_string_equal(watch.why.status, "5.7.1");
	assert_int_equal(strlen(watch.why.text), SMTP_CLIENT_TEXT_MAX);
	smtp_client_free(client);
}

struct leaver {
	struct smtp_client *client;
};

static void leave_when_ready(void *owner)
{
	struct leaver *leaver = owner;

	smtp_client_free(leaver->client);
}

static void leave_at_the_end(void *owner, enum smtp_client_end end,
			     const struct smtp_client_reply *why)
{
	(void)end, (void)why;
	leave_when_ready(owner);
}

static void test_freed_inside_calls(void **state)
{
	static const char *const says[] = { "220 mx\r\n250 mx\r\n250 more\r\n", "554 no\r\n" };
	struct smtp_client_calls calls = watching;
	struct leaver leaver;

	(void)state;
	calls.ready = leave_when_ready;
	calls.ended = leave_at_the_end;
	for (size_t i = 0; i < 2; i++) {
		leaver.client = smtp_client_new(&usual, &calls, &leaver);
		smtp_client_connected(leaver.client);
		smtp_client_feed(leaver.client, says[i], strlen(says[i]));
	}
	smtp_client_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_greetings),  cmocka_unit_test(test_tls),
		cmocka_unit_test(test_patience),   cmocka_unit_test(test_offers),
		cmocka_unit_test(test_odd_offers), cmocka_unit_test(test_floods),
		cmocka_unit_test(test_long_texts), cmocka_unit_test(test_freed_inside_calls),
	};

	return cmocka_run_group_tests_name("smtp client", tests, NULL, NULL);
}
