/* SPDX-License-Identifier: ISC */
/* What a dialogue table cannot show: limits, ends of every kind, the watermark, chunk borders,
 * size. */
#include "tests/unit/pop3/scene.h"

#include "pop3/pop3_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const one_message[] = { "Subject: one\r\n\r\nbody\r\n", NULL };

static void say(struct scene *scene, const char *text)
{
	scene_feed(scene, text, strlen(text));
}

static void login(struct scene *scene)
{
	pop3_server_tls_started(scene->server, false);
	say(scene, "USER alice\r\nPASS Alice-Pw1\r\n");
	assert_true(pop3_server_in_transaction(scene->server));
	buffer_clear(&scene->output);
	buffer_clear(&scene->asks);
	buffer_clear(&scene->notes);
}

static void expect(struct buffer *buffer, const char *want)
{
	char *got = scene_text(buffer);

	assert_string_equal(got, want);
	free(got);
	buffer_clear(buffer);
}

static void test_small_while_idle(void **state)
{
	(void)state;
	assert_true(sizeof(struct pop3_server) < 400);
}

static void feed_repeated(struct scene *scene, char octet, size_t count)
{
	while (count-- > 0)
		scene_feed(scene, &octet, 1);
}

static void test_long_lines(void **state)
{
	struct scene scene;
	char line[POP3_LINE_MAX + 1];

	(void)state;
	scene_init(&scene, one_message);
	login(&scene);
	/* 512 octets with CRLF are permitted, one more is not. */
	memset(line, 'x', sizeof line);
	memcpy(line + POP3_LINE_MAX - 2, "\r\n", 2);
	scene_feed(&scene, line, POP3_LINE_MAX);
	expect(&scene.output, "-ERR Unknown command\r\n");
	memcpy(line + POP3_LINE_MAX - 2, "x\r\n", 3);
	scene_feed(&scene, line, POP3_LINE_MAX + 1);
	expect(&scene.output, "-ERR Line too long\r\n");
	feed_repeated(&scene, 'y', 100000);
	expect(&scene.output, "-ERR Line too long\r\n");
	assert_true(buffer_used(&scene.input) == 0);
	say(&scene, "NOOP\r\nNOOP\r\n");
	expect(&scene.output, "+OK Still here\r\n");
	scene_clear(&scene);
}

static void test_long_auth(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, one_message);
	pop3_server_tls_started(scene.server, false);
	say(&scene, "AUTH PLAIN ");
	feed_repeated(&scene, 'A', 2000);
	say(&scene, "\r\n");
	expect(&scene.output, "-ERR Malformed PLAIN response\r\n");
	say(&scene, "AUTH PLAIN\r\n");
	feed_repeated(&scene, 'A', POP3_LOGIN_MAX + 5);
	expect(&scene.output, "+ \r\n-ERR Line too long\r\n");
	say(&scene, "\r\nAUTH LOGIN ");
	feed_repeated(&scene, 'Y', 4 * (POP3_NAME_MAX / 3 + 1));
	say(&scene, "\r\nSTAT\r\n");
	expect(&scene.output, "-ERR Empty or too long a user name\r\n-ERR Log in first\r\n");
	say(&scene, "AUTH LOGIN YQ==\r\n");
	feed_repeated(&scene, 'Y', 4 * (POP3_PASSWORD_MAX / 3 + 1));
	say(&scene, "\r\n");
	expect(&scene.output, "+ UGFzc3dvcmQ6\r\n-ERR [AUTH] Authentication failed\r\n");
	expect(&scene.asks, "");
	scene_clear(&scene);
}

/* CVE-2011-0411 and its kind: a command smuggled in behind STLS must not be run inside TLS. */
static void test_stls_injection(void **state)
{
	(void)state;
	for (int delayed = 0; delayed < 2; delayed++) {
		static const char bytes[] = "STLS\r\nUSER mallory\r\nPASS x\r\nQUIT\r\n";
		struct scene scene;

		scene_init(&scene, one_message);
		scene.delayed = delayed;
		assert_int_equal(pop3_server_feed(scene.server, bytes, strlen(bytes)),
				 strlen(bytes));
		assert_int_equal(pop3_server_waiting(scene.server), delayed);
		if (delayed)
			assert_int_equal(pop3_server_feed(scene.server, "NOOP\r\n", 6), 6);
		if (delayed)
			pop3_server_tls_started(scene.server, false);
		scene.tls_asked = false;
		scene.answer = NULL;
		say(&scene, "NOOP\r\n");
		expect(&scene.output, "+OK Begin TLS\r\n<tls>-ERR Log in first\r\n");
		scene_clear(&scene);
	}
}

static void test_password_guesses_are_capped(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, one_message);
	scene.profile.bad_commands = 3;
	pop3_server_tls_started(scene.server, false);
	say(&scene, "USER down\r\nPASS x\r\nUSER down\r\nPASS x\r\nUSER down\r\nPASS x\r\n");
	assert_false(scene.closed);
	buffer_clear(&scene.output);
	for (int i = 0; i < 3; i++) {
		assert_false(scene.closed);
		say(&scene, "USER alice\r\nPASS guess\r\n");
	}
	assert_true(scene.closed);
	assert_int_equal(pop3_server_feed(scene.server, "NOOP\r\n", 6), 6);
	scene_clear(&scene);
}

static void test_notes_hold_no_secret(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, one_message);
	/* The password comes although AUTH was refused, as a line of its own. */
	say(&scene, "AUTH LOGIN\r\nQWxpY2UtUHcx\r\nPASS Alice-Pw1\r\n");
	expect(&scene.notes,
	       "pop3.refused AUTH -ERR [AUTH] Passwords are taken over TLS only: use TLS first;"
	       "pop3.refused - -ERR Unknown command;"
	       "pop3.refused PASS -ERR USER first;");
	scene_clear(&scene);
}

static void test_ends_without_update(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, one_message);
	login(&scene);
	say(&scene, "DELE 1\r\n");
	buffer_clear(&scene.output);
	pop3_server_timeout(scene.server);
	pop3_server_timeout(scene.server);
	expect(&scene.output, "<close>");
	expect(&scene.asks, "");
	expect(&scene.notes, "pop3.timeout - -;");
	scene_clear(&scene);

	scene_init(&scene, one_message);
	login(&scene);
	say(&scene, "DELE 1\r\n");
	buffer_clear(&scene.output);
	pop3_server_expel(scene.server);
	pop3_server_expel(scene.server);
	expect(&scene.output, "<close>");
	expect(&scene.asks, "");
	expect(&scene.notes, "pop3.expelled - -;");
	scene_clear(&scene);

	scene_init(&scene, one_message);
	pop3_server_refuse(scene.server, "Too many connections");
	pop3_server_refuse(scene.server, "Too many connections");
	expect(&scene.output, "-ERR [SYS/TEMP] Too many connections\r\n<close>");
	scene_clear(&scene);
}

static void test_late_answers_are_ignored(void **state)
{
	static const char *const commands[] = { "RETR 1\r\n", "DELE 1\r\nQUIT\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct scene scene;

		scene_init(&scene, one_message);
		login(&scene);
		scene.delayed = true;
		pop3_server_feed(scene.server, commands[i], strlen(commands[i]));
		pop3_server_feed(scene.server, "QUIT\r\n", 6);
		assert_true(i == 1 || pop3_server_waiting(scene.server));
		buffer_clear(&scene.output);
		pop3_server_timeout(scene.server);
		pop3_server_message(scene.server);
		pop3_server_refused(scene.server, POP3_CODE_SYS_TEMP, "late");
		pop3_server_removed(scene.server, OUTCOME_OK, 1);
		pop3_server_opened(scene.server, &scene.maildrop);
		pop3_server_tls_started(scene.server, false);
		pop3_server_drained(scene.server);
		expect(&scene.output, "<close>");
		scene_clear(&scene);
	}
}

static void test_message_trouble(void **state)
{
	static const char *const texts[] = { "a\r\n\r\nb\r\n", "head\r\n\r\ntext\v\r\n", NULL };
	struct scene scene;

	(void)state;
	scene_init(&scene, texts);
	scene.read_size = 8;
	login(&scene);
	scene.texts = (const char *const[]){ NULL, texts[1] };
	say(&scene, "RETR 1\r\n");
	expect(&scene.output, "-ERR [SYS/TEMP] Temporary failure, try again later\r\n");
	/* No ".": the client can see that the message is cut. */
	say(&scene, "TOP 2 0\r\nRETR 2\r\nNOOP\r\n");
	expect(&scene.output, "+OK Top of the message follows\r\nhead\r\n\r\n.\r\n"
			      "+OK 15 octets\r\nhead\r\n\r\n<close>");
	scene_clear(&scene);
}

static void test_shapes_of_messages(void **state)
{
	static const struct {
		const char *text, *retr, *top1;
	} cases[] = {
		{ "", ".\r\n", ".\r\n" },
		{ "no end", "no end\r\n.\r\n", "no end\r\n.\r\n" },
		{ ".", "..\r\n.\r\n", "..\r\n.\r\n" },
		{ "\r\n", "\r\n.\r\n", "\r\n.\r\n" },
		{ "\r\n\r\n\r\n", "\r\n\r\n\r\n.\r\n", "\r\n\r\n.\r\n" },
		{ "\r\n.\r\n", "\r\n..\r\n.\r\n", "\r\n..\r\n.\r\n" },
		{ "a\r\r\n\r\nb\r\nc\r\n", "a\r\r\n\r\nb\r\nc\r\n.\r\n", "a\r\r\n\r\nb\r\n.\r\n" },
		{ "..\r\n.\r\n", "...\r\n..\r\n.\r\n", "...\r\n..\r\n.\r\n" },
		{ "x\r.\r\n", "x\r.\r\n.\r\n", "x\r.\r\n.\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t size = 1; size < 5; size++) {
			const char *const texts[] = { cases[i].text, NULL };
			char *want =
				memory_format("+OK %zu octets\r\n%s"
					      "+OK Top of the message follows\r\n%s",
					      strlen(cases[i].text), cases[i].retr, cases[i].top1);
			struct scene scene;

			scene_init(&scene, texts);
			scene.read_size = size;
			login(&scene);
			say(&scene, "RETR 1\r\nTOP 1 1\r\n");
			expect(&scene.output, want);
			scene_clear(&scene);
			free(want);
		}
}

/* The plain way to write it: what the engine sends must be the same, wherever reads end. */
static char *stuffed(const char *text, size_t lines_of_body, bool top)
{
	struct buffer out = BUFFER_EMPTY;
	bool in_body = false;
	char *result;

	while (*text != '\0' && !(top && in_body && lines_of_body == 0)) {
		size_t length = strcspn(text, "\n") + 1;

		if (in_body)
			lines_of_body--;
		else if (length <= 2 && (text[0] == '\n' || text[0] == '\r'))
			in_body = true;
		buffer_add(&out, ".", text[0] == '.');
		buffer_add(&out, text, length);
		text += length;
	}
	buffer_add_text(&out, ".\r\n");
	result = scene_text(&out);
	buffer_clear(&out);
	return result;
}

static char *random_text(struct scene *scene, size_t octets)
{
	static const char *const pieces[] = { ".", "..",        "\r\n",  "\r\n",     "\n", ".\r\n",
					      "a", "long word", "\r\n.", "\r\n\r\n", "\r" };
	struct buffer text = BUFFER_EMPTY;
	char *result;

	while (buffer_used(&text) < octets)
		buffer_add_text(&text, pieces[scene_random(scene) % COUNT(pieces)]);
	buffer_add_text(&text, "\r\n");
	result = scene_text(&text);
	buffer_clear(&text);
	return result;
}

static void test_chunk_borders(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 7, POP3_CHUNK };

	(void)state;
	for (unsigned seed = 1; seed < 60; seed++) {
		struct scene scene = { .random = seed };
		size_t lines = seed % 7;
		char *text = random_text(&scene, seed % 10 == 0 ? 3 * POP3_CHUNK : 60);
		const char *const texts[] = { text, NULL };
		char *retr = stuffed(text, 0, false), *top = stuffed(text, lines, true);
		char *want = memory_format("+OK %zu octets\r\n%s"
					   "+OK Top of the message follows\r\n%s",
					   strlen(text), retr, top);

		scene_init(&scene, texts);
		login(&scene);
		for (size_t i = 0; i < COUNT(sizes); i++) {
			char command[60];

			scene.read_size = sizes[i];
			scene.full_often = i % 2;
			snprintf(command, sizeof command, "RETR 1\r\nTOP 1 %zu\r\n", lines);
			say(&scene, command);
			expect(&scene.output, want);
		}
		scene_clear(&scene);
		free(want);
		free(top);
		free(retr);
		free(text);
	}
}

static void test_stops_at_the_watermark(void **state)
{
	char *text = memory_new(200001);
	const char *const texts[] = { text, NULL };
	struct scene scene;
	size_t before;

	(void)state;
	memset(text, '.', 200000);
	scene_init(&scene, texts);
	login(&scene);
	scene.full = true;
	assert_int_equal(pop3_server_feed(scene.server, "RETR 1\r\nNOOP\r\nNOOP\r\n", 20), 8);
	assert_true(pop3_server_waiting(scene.server));
	expect(&scene.output, "+OK 200000 octets\r\n");
	scene.full = false;
	scene.read_size = 1000;
	before = scene.writes;
	pop3_server_drained(scene.server);
	assert_int_equal(scene.writes, before + 200 + 1);
	assert_int_equal(buffer_used(&scene.output), 1 + 200000 + 5);
	assert_false(pop3_server_waiting(scene.server));
	/* A short command after which the output is full holds the next one back. */
	scene.full = true;
	assert_int_equal(pop3_server_feed(scene.server, "NOOP\r\nNOOP\r\n", 12), 6);
	assert_true(pop3_server_waiting(scene.server));
	assert_int_equal(pop3_server_feed(scene.server, "NOOP\r\n", 6), 0);
	scene.full = false;
	pop3_server_drained(scene.server);
	assert_false(pop3_server_waiting(scene.server));
	scene_clear(&scene);
	free(text);
}

static void test_refuse_inside_a_long_reply(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, one_message);
	login(&scene);
	scene.full = true;
	pop3_server_feed(scene.server, "LIST\r\n", 6);
	pop3_server_refuse(scene.server, "shutting down");
	expect(&scene.output, "+OK 1 messages (22 octets)\r\n<close>");
	pop3_server_drained(scene.server);
	expect(&scene.output, "");
	scene_clear(&scene);
}

#define MANY 100000

static void check_listing(struct scene *scene, const char *command, const char *first)
{
	clock_t start = clock();
	size_t lines = 0;

	scene->writes = 0;
	say(scene, command);
	/* Seconds would mean that something is quadratic; milliseconds are usual. */
	assert_true(clock() - start < 3 * CLOCKS_PER_SEC);
	assert_true(scene->writes <= buffer_used(&scene->output) / (POP3_CHUNK - 128) + 3);
	char *got = scene_text(&scene->output);
	for (const char *at = got; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_int_equal(lines, MANY + 1); /* the first line, all but one message, the dot */
	assert_non_null(strstr(got, first));
	assert_null(strstr(got, "\n77777 "));
	assert_string_equal(got + strlen(got) - 5, "\r\n.\r\n");
	free(got);
	buffer_clear(&scene->output);
}

static void test_many_messages(void **state)
{
	struct maildrop_entry *entries = memory_array(MANY, sizeof *entries);
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	for (size_t i = 0; i < MANY; i++) {
		entries[i].size = i * 1000003;
		snprintf(entries[i].uid, sizeof entries[i].uid, "%070zu", i);
		memset(entries[i].uid + MAILDROP_UID_MAX, 'x', 2); /* not relied on */
		scene.maildrop.octets += entries[i].size;
	}
	scene.maildrop.count = MANY;
	scene.entries = entries;
	login(&scene);
	say(&scene, "DELE 77777\r\n");
	buffer_clear(&scene.output);
	check_listing(&scene, "LIST\r\n", "\r\n100000 99999299997\r\n");
	check_listing(&scene, "UIDL\r\n",
		      "\r\n77778 "
		      "0000000000000000000000000000000000000000000000000000000000000000077777\r\n");
	say(&scene, "RETR 77777\r\nQUIT\r\n");
	expect(&scene.output, "-ERR No such message\r\n+OK Bye\r\n<close>");
	expect(&scene.asks, "remove 77777;");
	scene_clear(&scene);
	free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_while_idle),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_long_auth),
		cmocka_unit_test(test_stls_injection),
		cmocka_unit_test(test_password_guesses_are_capped),
		cmocka_unit_test(test_notes_hold_no_secret),
		cmocka_unit_test(test_ends_without_update),
		cmocka_unit_test(test_late_answers_are_ignored),
		cmocka_unit_test(test_message_trouble),
		cmocka_unit_test(test_shapes_of_messages),
		cmocka_unit_test(test_chunk_borders),
		cmocka_unit_test(test_stops_at_the_watermark),
		cmocka_unit_test(test_refuse_inside_a_long_reply),
		cmocka_unit_test(test_many_messages),
	};

	return cmocka_run_group_tests_name("pop3 server", tests, NULL, NULL);
}
