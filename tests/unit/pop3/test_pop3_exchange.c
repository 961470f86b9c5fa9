/* SPDX-License-Identifier: ISC */
/* AUTH in mechanisms of the owner, which is told by the client how it goes on. */
#include "tests/unit/pop3/dialogue.h"

/* What the client says. */
#define MORE   "bW9yZQ=="
#define DATA   "ZGF0YQ=="
#define OK     "b2s="
#define WRONG  "d3Jvbmc="
#define DOWN   "ZG93bg=="
#define IN_USE "aW4gdXNl"

#define GO_ON     "+ Z28gb24=\r\n"
#define OPENED    "+OK Maildrop has 4 messages (177 octets)\r\n"
#define FAILED    "-ERR [AUTH] Authentication failed\r\n"
#define BYE       "+OK Bye\r\n<close>"
#define CANCELLED "-ERR Authentication cancelled\r\n"
#define LOGIN     "-ERR Log in first\r\n"
#define TLS_FIRST "-ERR [AUTH] Authentication is possible over TLS only: use TLS first\r\n"
#define REQUIRED  "-ERR [AUTH] Secure password authentication is required\r\n"
#define LIST      "+OK Mechanisms follow\r\n"
#define NONE      "-ERR Mechanism not offered\r\n"

/* clang-format off */
static const struct dialogue dialogues[] = {
	{ "capa plain", EXTRA, "CAPA\r\nAUTH\r\n",
	  CAPA_HEAD "SASL GSSAPI\r\nSTLS\r\n" CAPA_TAIL LIST "GSSAPI\r\n.\r\n", NULL },
	{ "capa tls", EXTRA | TLS, "CAPA\r\nAUTH\r\n",
	  CAPA_HEAD "USER\r\nSASL GSSAPI NTLM PLAIN LOGIN\r\n" CAPA_TAIL
	  LIST "GSSAPI\r\nNTLM\r\nPLAIN\r\nLOGIN\r\n.\r\n", NULL },
	{ "capa with a certificate", EXTRA | SHOWN | STRICT, "STLS\r\n\fCAPA\r\nAUTH\r\nAUTH EXTERNAL =\r\n",
	  "+OK Begin TLS\r\n<tls>" CAPA_HEAD "SASL GSSAPI NTLM EXTERNAL\r\n" CAPA_TAIL
	  LIST "GSSAPI\r\nNTLM\r\nEXTERNAL\r\n.\r\n" FAILED, "EXTERNAL ;" },
	{ "no certificate", EXTRA | TLS, "AUTH EXTERNAL\r\n", NONE, NULL },
	{ "certificate needs tls", EXTRA, "AUTH EXTERNAL\r\nAUTH NTLM\r\nAUTH FOO\r\nAUTH GSS\r\n",
	  TLS_FIRST TLS_FIRST NONE NONE, NULL },
	{ "secure authentication required", EXTRA | TLS | STRICT,
	  "USER alice\r\nPASS Alice-Pw1\r\nAUTH PLAIN\r\nAUTH LOGIN\r\nCAPA\r\nAUTH GSSAPI " OK "\r\n",
	  REQUIRED "-ERR USER first\r\n" REQUIRED REQUIRED CAPA_HEAD "SASL GSSAPI NTLM\r\n" CAPA_TAIL OPENED,
	  "GSSAPI ok;" },
	{ "nothing offered", TLS | STRICT, "AUTH\r\nCAPA\r\n",
	  "-ERR [AUTH] No mechanism is offered\r\n" CAPA_HEAD CAPA_TAIL, NULL },
	{ "nothing offered yet", STRICT, "AUTH\r\nUSER x\r\n", TLS_FIRST REQUIRED, NULL },

	{ "the usual way of ntlm", EXTRA | TLS, "AUTH NTLM\r\n" MORE "\r\n" OK "\r\nSTAT\r\n",
	  "+ \r\n" GO_ON OPENED "+OK 4 177\r\n", "NTLM more;NTLM ok;" },
	{ "initial response", EXTRA, "auth gssapi " MORE "\r\n" MORE "\r\n" OK "\r\nSTAT\r\n",
	  GO_ON GO_ON OPENED "+OK 4 177\r\n", "GSSAPI more;GSSAPI more;GSSAPI ok;" },
	{ "initial response without octets", EXTRA, "AUTH GSSAPI =\r\nSTAT\r\n", FAILED LOGIN, "GSSAPI ;" },
	{ "data with the success", EXTRA, "AUTH GSSAPI " DATA "\r\n\r\nSTAT\r\n",
	  "+ cHJvb2Y=\r\n" OPENED "+OK 4 177\r\n", "GSSAPI data;GSSAPI ;" },
	{ "wrong, then right, by another mechanism", EXTRA | TLS,
	  "AUTH GSSAPI " WRONG "\r\nAUTH LOGIN YWxpY2U=\r\nQWxpY2UtUHcx\r\n",
	  FAILED "+ UGFzc3dvcmQ6\r\n" OPENED, "GSSAPI wrong;login LOGIN |alice|Alice-Pw1;" },
	{ "trouble", EXTRA, "AUTH GSSAPI " DOWN "\r\nAUTH GSSAPI\r\n" IN_USE "\r\n",
	  "-ERR [SYS/TEMP] Temporary failure, try again later\r\n"
	  "+ \r\n-ERR [IN-USE] Maildrop is in use by another session\r\n", "GSSAPI down;GSSAPI in use;" },
	{ "twice", EXTRA, "AUTH GSSAPI " OK "\r\nAUTH GSSAPI " OK "\r\nQUIT\r\n",
	  OPENED "-ERR Already logged in\r\n" BYE, "GSSAPI ok;" },
	{ "forgets the name", EXTRA | PLAIN, "USER alice\r\nAUTH GSSAPI " MORE "\r\n*\r\nPASS Alice-Pw1\r\n",
	  "+OK Password please\r\n" GO_ON CANCELLED "-ERR USER first\r\n", "GSSAPI more;drop;" },
	{ "cancelled before it began", EXTRA, "AUTH GSSAPI\r\n*\r\nSTAT\r\n", "+ \r\n" CANCELLED LOGIN, NULL },
	{ "cancelled", EXTRA, "AUTH GSSAPI " MORE "\r\n*\r\nAUTH GSSAPI " OK "\r\n", GO_ON CANCELLED OPENED,
	  "GSSAPI more;drop;GSSAPI ok;" },
	{ "garbage", EXTRA, "AUTH GSSAPI bW9\r\nAUTH GSSAPI\r\n====\r\nAUTH GSSAPI " MORE "\r\nbW9yZ===\r\n",
	  "-ERR Not base64\r\n+ \r\n-ERR Not base64\r\n" GO_ON "-ERR Not base64\r\n", "GSSAPI more;drop;" },
	{ "guesses are counted", EXTRA,
	  "A\r\nB\r\nC\r\nD\r\nE\r\nF\r\nG\r\nAUTH GSSAPI " WRONG "\r\nAUTH GSSAPI " DOWN "\r\n"
	  "AUTH GSSAPI " MORE "\r\n*\r\nAUTH GSSAPI " MORE "\r\n" WRONG "\r\nQUIT\r\n",
	  "-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n"
	  "-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n"
	  FAILED "-ERR [SYS/TEMP] Temporary failure, try again later\r\n" GO_ON CANCELLED GO_ON FAILED "<close>",
	  "GSSAPI wrong;GSSAPI down;GSSAPI more;drop;GSSAPI more;GSSAPI wrong;" },
	{ "too many errors in between", EXTRA,
	  "A\r\nB\r\nC\r\nD\r\nE\r\nF\r\nG\r\nH\r\nI\r\nAUTH GSSAPI " MORE "\r\n*\r\nQUIT\r\n",
	  "-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n"
	  "-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n"
	  "-ERR Unknown command\r\n" GO_ON CANCELLED "<close>", "GSSAPI more;drop;" },
};
/* clang-format on */

static void test_dialogues(void **state)
{
	(void)state;
	play_all(dialogues, sizeof dialogues / sizeof dialogues[0]);
}

static void begin(struct scene *scene, const char *input)
{
	scene_init(scene, texts);
	scene->profile.mechanisms = scene_mechanisms;
	scene_feed(scene, input, strlen(input));
}

static void expect(struct buffer *buffer, const char *want)
{
	char *got = scene_text(buffer);

	assert_string_equal(got, want);
	free(got);
	buffer_clear(buffer);
}

/* before, count letters, CRLF, as they come from a network */
static void say_long(struct scene *scene, const char *before, size_t count)
{
	char part[4096];

	memset(part, 'A', sizeof part);
	scene_feed(scene, before, strlen(before));
	for (size_t left = count, now; left > 0; left -= now) {
		now = left < sizeof part ? left : sizeof part;
		scene_feed(scene, part, now);
	}
	scene_feed(scene, "\r\n", 2);
}

static void test_long_lines(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "");
	scene.profile.bad_commands = 0;
	say_long(&scene, "AUTH GSSAPI ", POP3_AUTH_MAX - 16);
	say_long(&scene, "", POP3_AUTH_MAX - 4);
	expect(&scene.output, GO_ON GO_ON);
	expect(&scene.asks, "GSSAPI 49140 octets;GSSAPI 49149 octets;");
	/* 65,536 octets with CRLF are a line, which is no base64, one more are none. */
	say_long(&scene, "", POP3_AUTH_MAX - 2);
	scene_feed(&scene, "AUTH GSSAPI " MORE "\r\n", 22);
	say_long(&scene, "", POP3_AUTH_MAX - 1);
	expect(&scene.output, "-ERR Not base64\r\n" GO_ON "-ERR Line too long\r\n");
	expect(&scene.asks, "drop;GSSAPI more;drop;");
	scene_feed(&scene, "AUTH GSSAPI\r\n", 13);
	say_long(&scene, "", 3 * POP3_AUTH_MAX);
	expect(&scene.output, "+ \r\n-ERR Line too long\r\n");
	/* Nobody makes us hold so much for what cannot begin. */
	say_long(&scene, "AUTH NTLM ", POP3_LOGIN_MAX);
	say_long(&scene, "AUTH PLAIN ", POP3_LOGIN_MAX);
	expect(&scene.output, "-ERR Line too long\r\n-ERR Line too long\r\n");
	scene_feed(&scene, "AUTH GSSAPI " OK "\r\n", 18);
	say_long(&scene, "AUTH GSSAPI ", POP3_LOGIN_MAX);
	expect(&scene.output, OPENED "-ERR Line too long\r\n");
	expect(&scene.asks, "GSSAPI ok;");
	scene_clear(&scene);
}

static void test_ends(void **state)
{
	static const struct {
		const char *input, *output, *asks;
	} cases[] = {
		{ "AUTH GSSAPI " MORE "\r\n", GO_ON "<close>", "GSSAPI more;drop;" },
		{ "AUTH GSSAPI\r\n", "+ \r\n<close>", "" },
		{ "AUTH GSSAPI " MORE "\r\n" OK "\r\n", GO_ON OPENED "<close>",
		  "GSSAPI more;GSSAPI ok;" },
		{ "AUTH GSSAPI " WRONG "\r\n", FAILED "<close>", "GSSAPI wrong;" },
	};
	struct scene scene;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		begin(&scene, cases[i].input);
		pop3_server_timeout(scene.server);
		expect(&scene.output, cases[i].output);
		expect(&scene.asks, cases[i].asks);
		scene_clear(&scene);
	}
	begin(&scene, "AUTH GSSAPI " MORE "\r\n");
	pop3_server_tls_started(scene.server, false);
	scene_feed(&scene, "NOOP\r\n", 6);
	expect(&scene.output, GO_ON LOGIN);
	expect(&scene.asks, "GSSAPI more;drop;");
	scene_clear(&scene);
}

/* The answers come to a session that is over; or it is freed before. */
static void test_end_while_asking(void **state)
{
	static const char line[] = "AUTH GSSAPI " MORE "\r\nNOOP\r\n";
	struct scene scene;

	(void)state;
	for (int freed = 0; freed < 2; freed++) {
		begin(&scene, "");
		scene.delayed = true;
		assert_int_equal(pop3_server_feed(scene.server, line, strlen(line)),
				 strlen(line) - 6);
		assert_true(pop3_server_waiting(scene.server));
		assert_int_equal(pop3_server_feed(scene.server, "NOOP\r\n", 6), 0);
		if (!freed) {
			pop3_server_timeout(scene.server);
			pop3_server_challenge(scene.server, span_text("late"));
			pop3_server_opened(scene.server, &scene.maildrop);
			expect(&scene.output, "<close>");
		}
		expect(&scene.asks, freed ? "GSSAPI more;" : "GSSAPI more;drop;");
		scene_clear(&scene);
	}
}

static void end_inside(void *owner, const struct mechanism_message *message)
{
	struct scene *scene = owner;

	scene_ask_exchange(owner, message);
	pop3_server_timeout(scene->server);
	pop3_server_challenge(scene->server, span_text("late"));
}

/* The owner ends the session inside the ask, with its answer given or not. */
static void test_end_inside_the_ask(void **state)
{
	static const char line[] = "AUTH GSSAPI " MORE "\r\nNOOP\r\n";
	struct pop3_calls calls = scene_calls;
	struct scene scene;

	(void)state;
	calls.ask_exchange = end_inside;
	for (int delayed = 0; delayed < 2; delayed++) {
		begin(&scene, "");
		pop3_server_free(scene.server);
		scene.server = pop3_server_new(&scene.profile, &calls, &scene);
		scene.delayed = delayed;
		pop3_server_feed(scene.server, line, strlen(line));
		expect(&scene.output, "<close>");
		expect(&scene.asks, "GSSAPI more;drop;");
		scene_clear(&scene);
	}
}

static void test_notes(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "AUTH GSSAPI " MORE "\r\n" WRONG "\r\nAUTH GSSAPI " MORE "\r\n*\r\n");
	expect(&scene.notes, "pop3.refused login -ERR [AUTH] Authentication failed;"
			     "pop3.refused AUTH -ERR Authentication cancelled;");
	scene_clear(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogues),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_end_while_asking),
		cmocka_unit_test(test_end_inside_the_ask),
		cmocka_unit_test(test_notes),
	};

	return cmocka_run_group_tests_name("pop3 exchange", tests, NULL, NULL);
}
