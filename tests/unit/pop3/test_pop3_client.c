/* SPDX-License-Identifier: ISC */
/*
 * POP3 as a client, as far as the login. A script has all that happens, a line each: "S:" the
 * server says, "C:" the engine must have said, "!" it must have called. What happened is written
 * down in the same form and must be the same text, however the server's octets are cut, and whether
 * the owner answers inside the call or later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "pop3/pop3_client.h"

struct answer { /* to a challenge */
	enum outcome outcome;
	const char *mechanism, *response; /* response NULL = none */
};

struct script {
	const char *name, *text;
	const char *user, *password; /* NULL: answers */
	const struct answer *answers;
	bool starttls, proxied;
};

struct scene {
	const struct script *script;
	struct pop3_client *client;
	struct buffer told, input;
	size_t answered;
	bool later, asked, secures, over;
};

static void answer(struct scene *scene)
{
	const struct answer *next;

	scene->asked = false;
	if (scene->script->password) {
		pop3_client_password(scene->client, scene->script->user, scene->script->password);
		return;
	}
	next = &scene->script->answers[scene->answered++];
	pop3_client_respond(scene->client, next->outcome, next->mechanism, next->response,
			    span_text(next->response), "no ticket");
}

static void on_write(void *owner, const char *bytes, size_t length)
{
	struct scene *scene = owner;

	assert_true(length >= 2 && memcmp(bytes + length - 2, "\r\n", 2) == 0);
	buffer_add_format(&scene->told, "C: %.*s\n", (int)length - 2, bytes);
}

static void on_start_tls(void *owner)
{
	struct scene *scene = owner;

	buffer_add_text(&scene->told, "! tls\n");
	scene->secures = true;
}

static void on_ask_login(void *owner, bool first, const struct pop3_client_offer *offer,
			 struct span challenge)
{
	struct scene *scene = owner;

	if (first)
		buffer_add_format(&scene->told, "! login%s [%s]\n", offer->user ? " USER" : "",
				  offer->mechanisms);
	else
		buffer_add_format(&scene->told, "! challenge %.*s\n", (int)challenge.length,
				  challenge.at);
	scene->asked = true;
	if (!scene->later)
		answer(scene);
}

static void on_opened(void *owner, const char *text)
{
	buffer_add_format(&((struct scene *)owner)->told, "! opened %s\n", text);
	((struct scene *)owner)->over = true;
}

static void on_failed(void *owner, const struct pop3_client_failure *failure)
{
	struct scene *scene = owner;

	assert_false(scene->over);
	buffer_add_format(&scene->told, "! %s %s%s\n",
			  failure->end == POP3_CLIENT_REFUSED ? "refused" : "broken",
			  pop3_code_text(failure->code), failure->text);
	scene->over = true;
	pop3_client_free(scene->client); /* in a call of its own */
	scene->client = NULL;
}

static const struct pop3_client_calls calls = { on_write, on_start_tls, on_ask_login, on_opened,
						on_failed };

static void feed(struct scene *scene, const char *bytes, size_t length)
{
	size_t used;

	buffer_add(&scene->input, bytes, length);
	do {
		used = scene->client ? pop3_client_feed(scene->client, buffer_bytes(&scene->input),
							buffer_used(&scene->input))
				     : buffer_used(&scene->input);
		buffer_consume(&scene->input, used);
		if (scene->asked && scene->later)
			answer(scene);
		if (scene->secures && scene->client)
			pop3_client_secured(scene->client);
		scene->secures = false;
	} while (used > 0 && buffer_used(&scene->input) > 0);
}

/* What the server says of the script, in pieces of that many octets. */
static void play(struct scene *scene, size_t piece)
{
	struct span rest = span_text(scene->script->text), line;

	while (span_cut(&rest, '\n', &line)) {
		char text[40000];
		int length = 0;

		if (line.length > 2 && line.at[0] == 'S')
			length = snprintf(text, sizeof text, "%.*s\r\n", (int)line.length - 3,
					  line.at + 3);
		else if (span_is(line, "> lost") && scene->client)
			pop3_client_lost(scene->client, "closed by peer");
		if (line.length < 3 || line.at[0] != 'S')
			continue;
		buffer_add_format(&scene->told, "S: %.*s", length - 1, text);
		scene->told.end--; /* CR */
		buffer_add_text(&scene->told, "\n");
		for (int at = 0; at < length; at += (int)piece)
			feed(scene, text + at,
			     (size_t)(length - at) < piece ? (size_t)(length - at) : piece);
	}
}

static void strip(const char *text, struct buffer *to)
{
	struct span rest = span_text(text), line;

	while (span_cut(&rest, '\n', &line))
		if (line.length > 0 && line.at[0] != '>')
			buffer_add_format(to, "%.*s\n", (int)line.length, line.at);
}

static void run(const struct script *script, size_t piece, bool later)
{
	struct pop3_client_profile profile = { script->starttls, script->proxied };
	struct scene scene = { .script = script, .told = BUFFER_EMPTY, .later = later };
	struct buffer wanted = BUFFER_EMPTY;

	scene.client = pop3_client_new(&profile, &calls, &scene);
	play(&scene, piece);
	strip(script->text, &wanted);
	buffer_add(&scene.told, "", 1);
	buffer_add(&wanted, "", 1);
	if (strcmp(buffer_bytes(&scene.told), buffer_bytes(&wanted)) != 0)
		fail_msg("%s, pieces of %zu%s:\n%s-- wanted:\n%s", script->name, piece,
			 later ? ", later" : "", buffer_bytes(&scene.told), buffer_bytes(&wanted));
	pop3_client_free(scene.client);
	buffer_clear(&scene.told);
	buffer_clear(&scene.input);
	buffer_clear(&wanted);
}

#define HELLO "S: +OK ready\nC: CAPA\nS: +OK list\n"
#define OLD   "S: +OK ready\nC: CAPA\nS: -ERR what\n! login USER []\n"
#define GSS   HELLO "S: SASL GSSAPI\nS: .\n! login [GSSAPI]\n"

static const struct answer gss[] = { { OUTCOME_OK, "GSSAPI", "one" },
				     { OUTCOME_OK, "", "two" },
				     { OUTCOME_OK, "", "" } };
static const struct answer no_first[] = { { OUTCOME_OK, "LOGIN", NULL }, { OUTCOME_OK, "", "me" } };
static const struct answer empty_first[] = { { OUTCOME_OK, "EXTERNAL", "" } };
static const struct answer trouble[] = { { OUTCOME_TEMP, "", NULL } };
static const struct answer later_trouble[] = { { OUTCOME_OK, "GSSAPI", "one" },
					       { OUTCOME_TEMP, "", NULL } };
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
static const struct answer long_first[] = { { OUTCOME_OK, "GSSAPI", X50 X50 X50 X50 } };
#define E50  "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"
#define E200 E50 E50 E50 E50 "eHh4eHh4eHg="

static const struct script scripts[] = {
	{ .name = "older than CAPA",
	  .user = "alice",
	  .password = "secret pass",
	  .text = OLD "C: USER alice\nS: +OK\nC: PASS secret pass\nS: +OK 3 messages\n! opened 3 "
		      "messages\n" },
	{ .name = "AUTH PLAIN",
	  .user = "alice",
	  .password = "secret",
	  .text = HELLO "S: USER\nS: SASL LOGIN plain\nS: .\n! login USER [LOGIN plain]\n"
			"C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS: +OK in\n! opened in\n" },
	{ .name = "USER, not PLAIN",
	  .user = "alice",
	  .password = "secret",
	  .text = HELLO "S: TOP\nS: USER\nS: SASL GSSAPI\nS: .\n! login USER [GSSAPI]\n"
			"C: USER alice\nS: +OK\nC: PASS secret\nS: +OK\n! opened \n" },
	{ .name = "no passwords",
	  .user = "alice",
	  .password = "secret",
	  .text = HELLO "S: SASL GSSAPI\nS: .\n! login [GSSAPI]\n! broken the server takes no "
			"passwords: it offers neither USER nor AUTH PLAIN\n" },
	{ .name = "a password of two lines",
	  .user = "alice",
	  .password = "a\r\nDELE 1",
	  .text = OLD
	  "! broken the server offers no AUTH PLAIN, and a control character in the name "
	  "or the password cannot be sent otherwise\n" },
	{ .name = "a name of two lines",
	  .user = "a\nQUIT",
	  .password = "a",
	  .text = OLD
	  "! broken the server offers no AUTH PLAIN, and a control character in the name "
	  "or the password cannot be sent otherwise\n" },
	{ .name = "two lines in PLAIN",
	  .user = "alice",
	  .password = "a\r\nDELE 1",
	  .text = HELLO "S: SASL PLAIN\nS: .\n! login [PLAIN]\n"
			"C: AUTH PLAIN AGFsaWNlAGENCkRFTEUgMQ==\nS: +OK\n! opened \n" },
	{ .name = "wrong password",
	  .user = "alice",
	  .password = "secret",
	  .text = OLD "C: USER alice\nS: +OK\nC: PASS secret\nS: -ERR [AUTH] no\n! refused [AUTH] "
		      "no\n" },
	{ .name = "unknown name",
	  .user = "alice",
	  .password = "secret",
	  .text = OLD "C: USER alice\nS: -ERR nobody\n! refused nobody\n" },
	{ .name = "in use",
	  .user = "alice",
	  .password = "secret",
	  .text = OLD "C: USER alice\nS: +OK\nC: PASS secret\nS: -ERR [in-use] open\n! refused "
		      "[IN-USE] open\n" },
	{ .name = "for now",
	  .user = "alice",
	  .password = "secret",
	  .text = OLD "C: USER alice\nS: +OK\nC: PASS secret\nS: -ERR [SYS/TEMP]\n! refused "
		      "[SYS/TEMP] \n" },
	{ .name = "another code",
	  .user = "alice",
	  .password = "secret",
	  .text = OLD
	  "C: USER alice\nS: +OK\nC: PASS secret\nS: -ERR [X] \001\n! refused [X] ?\n" },
	{ .name = "STLS",
	  .starttls = true,
	  .user = "alice",
	  .password = "secret",
	  .text = "S: +OK ready\nC: STLS\nS: +OK go\n! tls\nC: CAPA\nS: +OK\nS: USER\nS: .\n! "
		  "login "
		  "USER []\nC: USER alice\nS: +OK\nC: PASS secret\nS: +OK\n! opened \n" },
	{ .name = "no STLS",
	  .starttls = true,
	  .user = "alice",
	  .password = "secret",
	  .text = "S: +OK ready\nC: STLS\nS: -ERR what\n! broken the server refused at STLS: -ERR "
		  "what\n" },
	{ .name = "refused at once",
	  .user = "alice",
	  .password = "secret",
	  .text = "S: -ERR [SYS/TEMP] busy\n! broken the server refused at greeting: -ERR "
		  "[SYS/TEMP] "
		  "busy\n" },
	{ .name = "no POP3",
	  .user = "alice",
	  .password = "secret",
	  .text = "S: 220 mx ESMTP\n! broken the server sent what is no reply at greeting: 220 mx "
		  "ESMTP\n" },
	{ .name = "+OKAY is not +OK",
	  .user = "alice",
	  .password = "secret",
	  .text = "S: +OKAY\n! broken the server sent what is no reply at greeting: +OKAY\n" },
	{ .name = "a challenge where none can be",
	  .user = "alice",
	  .password = "secret",
	  .text = OLD
	  "C: USER alice\nS: + eA==\n! broken the server sent what is no reply at USER: + "
	  "eA==\n" },
	{ .name = "lost",
	  .user = "alice",
	  .password = "secret",
	  .text = OLD "C: USER alice\n> lost\n! broken closed by peer at USER\n" },
	{ .name = "XPROXIED",
	  .proxied = true,
	  .user = "alice",
	  .password = "secret",
	  .text = HELLO "S: USER\nS: XPROXIED\nS: .\nC: XPROXIED\nS: +OK\n! login USER []\nC: USER "
			"alice\nS: -ERR [SYS/PERM] loop\n! refused [SYS/PERM] loop\n" },
	{ .name = "XPROXIED refused",
	  .proxied = true,
	  .user = "alice",
	  .password = "secret",
	  .text = HELLO
	  "S: USER\nS: XPROXIED\nS: .\nC: XPROXIED\nS: -ERR\n! broken the server refused "
	  "at XPROXIED: -ERR\n" },
	{ .name = "XPROXIED not wanted",
	  .user = "alice",
	  .password = "secret",
	  .text = HELLO
	  "S: USER\nS: XPROXIED\nS: .\n! login USER []\nC: USER alice\nS: +OK\nC: PASS "
	  "secret\nS: +OK\n! opened \n" },
	{ .name = "an exchange",
	  .answers = gss,
	  .text = GSS
	  "C: AUTH GSSAPI b25l\nS: + dHdv\n! challenge two\nC: dHdv\nS: + \n! challenge \n"
	  "C: \nS: +OK in\n! opened in\n" },
	{ .name = "no initial response",
	  .answers = no_first,
	  .text = HELLO "S: SASL LOGIN\nS: .\n! login [LOGIN]\nC: AUTH LOGIN\nS: + VXNlcm5hbWU6\n! "
			"challenge Username:\nC: bWU=\nS: +OK\n! opened \n" },
	{ .name = "an empty initial response",
	  .answers = empty_first,
	  .text = HELLO "S: SASL EXTERNAL\nS: .\n! login [EXTERNAL]\nC: AUTH EXTERNAL =\nS: +OK\n! "
			"opened \n" },
	{ .name = "a long initial response",
	  .answers = long_first,
	  .text = GSS "C: AUTH GSSAPI\nS: + \nC: " E200
		      "\nS: -ERR [AUTH] no\n! refused [AUTH] no\n" },
	{ .name = "a challenge that is none",
	  .answers = gss,
	  .text = GSS
	  "C: AUTH GSSAPI b25l\nS: + %%%\n! broken the server sent a challenge that is no "
	  "base64\n" },
	{ .name = "no ticket", .answers = trouble, .text = GSS "! broken no ticket\n" },
	{ .name = "no ticket later",
	  .answers = later_trouble,
	  .text = GSS "C: AUTH GSSAPI b25l\nS: + dHdv\n! challenge two\n! broken no ticket\n" },
};

static void test_scripts(void **state)
{
	static const size_t pieces[] = { 1, 2, 7, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
		for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++) {
			run(&scripts[i], pieces[j], false);
			run(&scripts[i], pieces[j], true);
		}
}

static void count_write(void *owner, const char *bytes, size_t length)
{
	(void)owner, (void)bytes, (void)length;
}

/* What came in one piece with the answer to STLS, in plain text, is not believed behind it. */
static void test_nothing_behind_stls(void **state)
{
	static const char reply[] = "+OK\r\n+OK\r\nUSER\r\n.\r\n";
	struct pop3_client_profile profile = { .starttls = true };
	struct script script = { .user = "alice", .password = "secret" };
	struct scene scene = { .script = &script, .told = BUFFER_EMPTY };

	(void)state;
	scene.client = pop3_client_new(&profile, &calls, &scene);
	assert_int_equal(pop3_client_feed(scene.client, "+OK\r\n", 5), 5);
	assert_int_equal(pop3_client_feed(scene.client, reply, sizeof reply - 1), sizeof reply - 1);
	assert_false(scene.asked);
	pop3_client_secured(scene.client);
	assert_string_equal(pop3_client_doing(scene.client), "CAPA");
	assert_false(scene.asked);
	pop3_client_free(scene.client);
	buffer_clear(&scene.told);
}

/* What the server has to say behind the login is not ours: it stays with the owner. */
static void test_rest_is_the_owners(void **state)
{
	static const char reply[] = "+OK in\r\n+OK more\r\n";
	struct pop3_client_profile profile = { 0 };
	struct scene scene = { .told = BUFFER_EMPTY };
	struct script script = { .user = "alice", .password = "secret" };

	(void)state;
	scene.script = &script;
	scene.client = pop3_client_new(&profile, &calls, &scene);
	feed(&scene, "+OK\r\n-ERR\r\n+OK\r\n", 16);
	assert_int_equal(pop3_client_feed(scene.client, reply, sizeof reply - 1), 8);
	assert_true(scene.over);
	assert_int_equal(pop3_client_feed(scene.client, reply + 8, sizeof reply - 9), 0);
	pop3_client_free(scene.client);
	buffer_clear(&scene.told);
	buffer_clear(&scene.input);
}

static void on_long(void *owner, const struct pop3_client_failure *failure)
{
	(void)failure;
	(*(unsigned *)owner)++;
}

/* Neither a line nor a list without an end is waited for. */
static void test_caps(void **state)
{
	static const struct pop3_client_calls few = { .write = count_write, .failed = on_long };
	struct pop3_client_profile profile = { 0 };
	unsigned failures = 0;
	struct pop3_client *client = pop3_client_new(&profile, &few, &failures);
	char *line = malloc(POP3_CLIENT_LINE_MAX + 2);

	(void)state;
	memset(line, 'x', POP3_CLIENT_LINE_MAX + 2);
	assert_int_equal(pop3_client_feed(client, line, POP3_CLIENT_LINE_MAX), 0);
	assert_int_equal(failures, 0);
	assert_int_equal(pop3_client_feed(client, line, POP3_CLIENT_LINE_MAX + 1),
			 POP3_CLIENT_LINE_MAX + 1);
	assert_int_equal(failures, 1);
	pop3_client_free(client);
	client = pop3_client_new(&profile, &few, &failures);
	pop3_client_feed(client, "+OK\n+OK\n", 8);
	for (unsigned i = 0; i <= POP3_CLIENT_CAPA_MAX; i++)
		pop3_client_feed(client, "SASL ABCDEFGHIJ\n", 16);
	assert_int_equal(failures, 2);
	pop3_client_free(client);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_nothing_behind_stls),
		cmocka_unit_test(test_rest_is_the_owners),
		cmocka_unit_test(test_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
