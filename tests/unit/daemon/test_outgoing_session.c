/* SPDX-License-Identifier: ISC */
/* Sessions over real connections, to a server that a thread plays by a script. */
#include "daemon/outgoing_session.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/message_client.h"
#include "daemon/outgoing_body.h"
#include "io/packet.h"

/* ---- the server: "<WORD" reads lines until one begins so, "=" the body, else it says the line
 * ---- */

struct server {
	const char *const *script;
	int listener;
	uint16_t port;
	pthread_t thread;
	char *body;
	size_t body_length, body_room;
	bool as_told;
};

static bool read_line(FILE *file, char *line, size_t size)
{
	return fgets(line, (int)size, file) != NULL;
}

static void take_body(struct server *server, FILE *file)
{
	char line[4096];

	while (read_line(file, line, sizeof line) && strcmp(line, ".\r\n") != 0) {
		size_t length = strlen(line);

		if (server->body_length + length + 1 > server->body_room) {
			server->body_room = 2 * server->body_room + sizeof line;
			server->body = realloc(server->body, server->body_room);
		}
		memcpy(server->body + server->body_length, line, length + 1);
		server->body_length += length;
	}
}

static void *serve(void *context)
{
	struct server *server = context;
	int fd = accept(server->listener, NULL, NULL);
	FILE *in = fdopen(fd, "r");
	char line[4096];

	server->as_told = true;
	for (const char *const *step = server->script; in && *step; step++) {
		if (**step == '<') {
			do
				if (!read_line(in, line, sizeof line))
					server->as_told = false;
			while (server->as_told && strncmp(line, *step + 1, strlen(*step + 1)) != 0);
		} else if (**step == '=') {
			take_body(server, in);
		} else if (write(fd, *step, strlen(*step)) < 0) {
			server->as_told = false;
		}
	}
	if (in)
		fclose(in);
	return NULL;
}

static void server_start(struct server *server, const char *const *script)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;

	*server = (struct server){ .script = script };
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(server->listener >= 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(server->listener, 5), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
	server->port = ntohs(address.sin_port);
	if (script)
		assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_end(struct server *server)
{
	if (server->script)
		pthread_join(server->thread, NULL);
	close(server->listener);
	free(server->body);
}

/* ---- the owner ---- */

struct owner {
	struct event_base *base;
	struct outgoing_session *session;
	struct outgoing_way way;
	struct smtp_client_message message;
	struct outgoing_body body;
	struct envelope envelope;
	char said[600];  /* all that the session told, in one line */
	unsigned wanted; /* messages to be sent */
	struct channel *directory;
	uint32_t exchanges;
};

static void tell(struct owner *owner, const char *what, const char *more)
{
	size_t used = strlen(owner->said);

	snprintf(owner->said + used, sizeof owner->said - used, "%s%s ", what, more);
}

static void on_ready(void *context)
{
	struct owner *owner = context;

	tell(owner, "ready", "");
	if (owner->wanted-- > 0)
		outgoing_session_send(owner->session, &owner->message, &owner->body);
	else
		outgoing_session_quit(owner->session);
}

static void on_result(void *context, size_t recipient, enum outcome outcome,
		      const struct smtp_client_reply *reply)
{
	char text[40];

	(void)recipient;
	snprintf(text, sizeof text, "=%u", reply->code);
	tell(context, outcome_name(outcome), text);
}

static void on_sent(void *context)
{
	tell(context, "sent", "");
}

static void on_ended(void *context, enum smtp_client_end end, const struct smtp_client_reply *why)
{
	static const char *const ends[] = { "orderly", "next", "later", "never" };
	struct owner *owner = context;

	tell(owner, ends[end], end == SMTP_CLIENT_ORDERLY ? "" : ":");
	if (end != SMTP_CLIENT_ORDERLY)
		tell(owner, why->text, "");
	outgoing_session_free(owner->session);
	owner->session = NULL;
	event_base_loopbreak(owner->base);
}

static const struct outgoing_calls calls = { on_ready, on_result, on_sent, on_ended };

static void owner_init(struct owner *owner, const char *text, size_t length)
{
	struct address address;
	const char *why;
	int fd = memfd_create("message", MFD_CLOEXEC);

	memset(owner, 0, sizeof *owner);
	owner->base = event_base_new();
	assert_non_null(owner->base);
	assert_true(fd >= 0 && write(fd, text, length) == (ssize_t)length);
	outgoing_body_init(&owner->body, fd, length);
	assert_true(address_parse(span_text("a@example.com"), &address, &why));
	envelope_add(&owner->envelope, &address);
	owner->message =
		(struct smtp_client_message){ .envelope = &owner->envelope, .size = length };
	owner->wanted = 1;
	owner->way = (struct outgoing_way){ .base = owner->base,
					    .profile = { .name = "mail.corp.example" },
					    .host = "mx.example.com",
					    .remote = "",
					    .server = "x",
					    .directory = &owner->directory,
					    .exchanges = &owner->exchanges };
}

static void owner_run(struct owner *owner, uint16_t port)
{
	unsigned char address[16] = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 };

	owner->session = outgoing_session_connect(&owner->way, address, port, 30, &calls, owner);
	assert_non_null(owner->session);
	event_base_dispatch(owner->base);
	assert_null(owner->session);
}

static void owner_clear(struct owner *owner)
{
	close(owner->body.fd);
	outgoing_body_clear(&owner->body);
	envelope_clear(&owner->envelope);
	event_base_free(owner->base);
}

#define HELLO "220 mx\r\n", "<EHLO", "250 mx\r\n"
#define TO    "<MAIL", "250 ok\r\n", "<RCPT", "250 ok\r\n", "<DATA", "354 go on\r\n", "="

/* ---- cases ---- */

static const struct {
	const char *name;
	const char *const script[24];
	const char *said;
	unsigned patience;
} cases[] = {
	{ "two messages",
	  { HELLO, TO, "250 ok\r\n", TO, "250 ok\r\n", "<QUIT", "221 bye\r\n" },
	  "ready ok=250 sent ready ok=250 sent ready orderly ",
	  0 },
	{ "refused", { "554 no\r\n", "<QUIT" }, "never: no ", 0 },
	{ "hangs up at once",
	  { "" },
	  "next: connection lost (closed by peer) while waiting for: greeting ",
	  0 },
	{ "hangs up at RCPT",
	  { HELLO, "<MAIL", "250 ok\r\n", "<RCPT" },
	  "ready temp=0 next: connection lost (closed by peer) while waiting for: RCPT TO ",
	  0 },
	{ "says nothing",
	  { HELLO, "<MAIL", "<QUIT" },
	  "ready temp=0 next: no answer for 1 seconds (MAIL FROM) ",
	  1 },
};

static void sessions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct server server;
		struct owner owner;

		server_start(&server, cases[i].script);
		owner_init(&owner, "a: b\r\n\r\nc\r\n", 11);
		owner.way.patience = cases[i].patience;
		owner.wanted = 2;
		if (cases[i].patience == 0)
			owner.way.patience = 100;
		owner_run(&owner, server.port);
		if (strcmp(owner.said, cases[i].said) != 0)
			fail_msg("%s: %s", cases[i].name, owner.said);
		server_end(&server);
		owner_clear(&owner);
	}
}

static void nobody_listens(void **state)
{
	struct server server;
	struct owner owner;

	(void)state;
	server_start(&server, NULL);
	server_end(&server);
	owner_init(&owner, "x", 1);
	owner_run(&owner, server.port);
	assert_non_null(strstr(owner.said, "next: cannot connect: "));
	owner_clear(&owner);
}

/* Far more than the stream's buffers hold, with lines that need stuffing. */
static void a_large_message(void **state)
{
	static const char *const script[] = {
		HELLO, TO, "250 ok\r\n", "<QUIT", "221 bye\r\n", NULL
	};
	size_t lines = 200000, length = lines * 9;
	char *text = malloc(length + 1);
	struct server server;
	struct owner owner;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < lines; i++)
		snprintf(text + i * 9, 10, "%c%06zu\r\n", i % 3 ? '.' : 'a', i);
	server_start(&server, script);
	owner_init(&owner, text, length);
	owner_run(&owner, server.port);
	assert_string_equal(owner.said, "ready ok=250 sent ready orderly ");
	pthread_join(server.thread, NULL);
	server.script = NULL;
	assert_int_equal(server.body_length, length + lines - (lines + 2) / 3);
	for (size_t i = 0, at = 0; i < lines; i++) {
		at += i % 3 != 0;
		assert_memory_equal(server.body + at, text + i * 9, 9);
		at += 9;
	}
	server_end(&server);
	owner_clear(&owner);
	free(text);
}

static void an_unreadable_message(void **state)
{
	static const char *const script[] = { HELLO,           "<MAIL",      "250 ok\r\n",
					      "<RCPT",         "250 ok\r\n", "<DATA",
					      "354 go on\r\n", "=",          NULL };
	struct server server;
	struct owner owner;

	(void)state;
	server_start(&server, script);
	owner_init(&owner, "a: b\r\n\r\nc\r\n", 11);
	owner.message.size = 20; /* it ends too early */
	owner.body.file_size = 20;
	owner_run(&owner, server.port);
	assert_string_equal(owner.said, "ready temp=0 orderly ");
	server_end(&server);
	owner_clear(&owner);
}

/* ---- logins: the directory role is the other end of a channel ---- */

static void *play_directory(void *context)
{
	static char memory[PACKET_BODY_MAX];
	static const char *const challenges[] = { "", "abc" };
	int fd = *(int *)context;
	char body[2000];

	for (size_t i = 0; i < 2; i++) {
		struct message_client_turn turn = { .outcome = OUTCOME_OK, .has_response = 1 };
		struct message_client ask;
		struct packet packet;
		struct wire_writer writer;

		if (packet_receive(fd, memory, &packet) != PACKET_OK ||
		    !message_get_client(packet.body, &ask) || ask.first != (i == 0) || ask.drop ||
		    !span_is(ask.challenge, challenges[i]))
			return context;
		if (i == 0 && (strcmp(ask.host, "mx.example.com") != 0 ||
			       strcmp(ask.server, "x") != 0 || strcmp(ask.mechanisms, "X Y") != 0))
			return context;
		snprintf(turn.mechanism, sizeof turn.mechanism, "X");
		turn.response = span_text(i ? "second" : "first");
		wire_writer_init(&writer, body, sizeof body);
		message_put_client_turn(&writer, &turn);
		packet.body = span_make(body, writer.used);
		packet.fd = -1;
		if (packet_send(fd, &packet) != PACKET_OK)
			return context;
	}
	return NULL;
}

static void lost(void *context)
{
	(void)context;
}

static void a_login(void **state)
{
	static const char *const script[] = { "220 mx\r\n",
					      "<EHLO",
					      "250-mx\r\n250 AUTH X Y\r\n",
					      "<AUTH X Zmlyc3Q=",
					      "334 YWJj\r\n",
					      "<c2Vjb25k",
					      "235 welcome\r\n",
					      "<QUIT",
					      "221 bye\r\n",
					      NULL };
	struct server server;
	struct owner owner;
	pthread_t thread;
	void *wrong;
	int ends[2];

	(void)state;
	assert_true(packet_pair(ends));
	assert_int_equal(pthread_create(&thread, NULL, play_directory, &ends[1]), 0);
	server_start(&server, script);
	owner_init(&owner, "x", 1);
	owner.way.profile.login = true;
	owner.wanted = 0;
	owner.directory = channel_new(owner.base, ends[0], lost, NULL, &owner);
	owner_run(&owner, server.port);
	assert_string_equal(owner.said, "ready orderly ");
	pthread_join(thread, &wrong);
	assert_null(wrong);
	assert_int_equal(channel_outstanding(owner.directory), 0);
	channel_free(owner.directory);
	close(ends[1]);
	server_end(&server);
	owner_clear(&owner);
}

static void a_login_without_directory(void **state)
{
	static const char *const script[] = { "220 mx\r\n", "<EHLO", "250-mx\r\n250 AUTH X Y\r\n",
					      NULL };
	struct server server;
	struct owner owner;

	(void)state;
	server_start(&server, script);
	owner_init(&owner, "x", 1);
	owner.way.profile.login = true;
	owner_run(&owner, server.port);
	assert_non_null(strstr(owner.said, "the directory role does not answer"));
	assert_null(strstr(owner.said, "never"));
	server_end(&server);
	owner_clear(&owner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions),        cmocka_unit_test(nobody_listens),
		cmocka_unit_test(a_large_message), cmocka_unit_test(an_unreadable_message),
		cmocka_unit_test(a_login),         cmocka_unit_test(a_login_without_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
