/* SPDX-License-Identifier: ISC */
/* Connections for frontends, between a frontend and a directory role that the test plays. */
#include "relay/dial.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/message_dial.h"
#include "io/packet.h"
#include "relay/relay.h"

struct scene {
	struct relay relay;
	struct conf conf;
	int frontend, directory; /* the test's ends */
	int listener;
};

static void directory_lost(void *context)
{
	(void)context;
}

static int pair_with(int *own)
{
	int ends[2];

	assert_true(packet_pair(ends));
	*own = ends[0];
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	return ends[1];
}

static void scene_open(struct scene *scene)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct message_peer peer = { ROLE_FRONTEND, 1, 0 };
	socklen_t length = sizeof address;

	*scene = (struct scene){ .listener = socket(AF_INET, SOCK_STREAM, 0) };
	assert_int_equal(bind(scene->listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(scene->listener, 8), 0);
	assert_int_equal(getsockname(scene->listener, (struct sockaddr *)&address, &length), 0);
	scene->conf.proxy.enabled = true;
	scene->conf.proxy.port = ntohs(address.sin_port);
	scene->relay.conf = &scene->conf;
	scene->relay.base = event_base_new();
	scene->relay.directory = channel_new(scene->relay.base, pair_with(&scene->directory),
					     directory_lost, NULL, scene);
	dial_take_frontend(&scene->relay, &peer, pair_with(&scene->frontend));
}

static void scene_close(struct scene *scene)
{
	close(scene->frontend); /* the relay forgets it */
	for (int i = 0; i < 3; i++)
		event_base_loop(scene->relay.base, EVLOOP_NONBLOCK);
	assert_int_equal(scene->relay.dials, 0);
	channel_free(scene->relay.directory);
	event_base_free(scene->relay.base);
	close(scene->directory);
	close(scene->listener);
}

static enum packet_result hear(struct scene *scene, int fd, struct packet *packet)
{
	static char memory[PACKET_BODY_MAX];
	enum packet_result result;

	while ((result = packet_receive(fd, memory, packet)) == PACKET_AGAIN)
		event_base_loop(scene->relay.base, EVLOOP_ONCE);
	return result;
}

static void say(int fd, unsigned kind, uint32_t id, const struct wire_writer *writer)
{
	struct packet packet = { .kind = (uint16_t)kind,
				 .id = id,
				 .fd = -1,
				 .body = span_make(writer->at, writer->used) };

	assert_int_equal(packet_send(fd, &packet), PACKET_OK);
}

static void ask(struct scene *scene, uint32_t id)
{
	struct message_dial dial = { .ticket = span_text("ticket"), .session = "f0" };
	char memory[200];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_dial(&writer, &dial);
	say(scene->frontend, MESSAGE_DIAL, id, &writer);
}

/* What the directory role says of the ticket that it is shown. */
static void judge(struct scene *scene, enum outcome outcome, const char *host)
{
	struct message_dial_host answer = { .outcome = outcome };
	struct message_dial shown;
	struct packet packet;
	char memory[600];
	struct wire_writer writer;

	assert_int_equal(hear(scene, scene->directory, &packet), PACKET_OK);
	assert_int_equal(packet.kind, MESSAGE_ELSEWHERE);
	assert_true(message_get_dial(packet.body, &shown));
	assert_true(span_is(shown.ticket, "ticket"));
	snprintf(answer.host, sizeof answer.host, "%s", host);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_dial_host(&writer, &answer);
	say(scene->directory, MESSAGE_ELSEWHERE, packet.id, &writer);
}

/* The descriptor; -1 = none. */
static int dialled(struct scene *scene, uint32_t id, struct message_dialled *answer)
{
	struct packet packet;

	assert_int_equal(hear(scene, scene->frontend, &packet), PACKET_OK);
	assert_int_equal(packet.kind, MESSAGE_DIAL);
	assert_int_equal(packet.id, id);
	assert_true(message_get_dialled(packet.body, answer));
	assert_int_equal(packet.fd >= 0, answer->outcome == OUTCOME_OK);
	return packet.fd;
}

static void connects_where_the_ticket_leads(void **state)
{
	struct message_dialled answer;
	struct scene scene;
	char octets[4] = "";
	int fd, taken;

	(void)state;
	scene_open(&scene);
	ask(&scene, 7);
	judge(&scene, OUTCOME_OK, "127.0.0.1");
	fd = dialled(&scene, 7, &answer);
	assert_string_equal(answer.address, "127.0.0.1");
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	taken = accept(scene.listener, NULL, NULL);
	assert_int_equal(write(fd, "hi", 2), 2);
	assert_int_equal(read(taken, octets, sizeof octets), 2);
	close(fd);
	close(taken);
	scene_close(&scene);
}

static void connects_nowhere_else(void **state)
{
	struct message_dialled answer;
	struct scene scene;

	(void)state;
	scene_open(&scene);
	ask(&scene, 1);
	judge(&scene, OUTCOME_PERM, "");
	assert_int_equal(dialled(&scene, 1, &answer), -1);
	assert_int_equal(answer.outcome, OUTCOME_PERM);
	/* A name, and no resolver. */
	ask(&scene, 2);
	judge(&scene, OUTCOME_OK, "two.corp.example");
	assert_int_equal(dialled(&scene, 2, &answer), -1);
	assert_int_equal(answer.outcome, OUTCOME_TEMP);
	/* Nobody listens any more. */
	shutdown(scene.listener, SHUT_RDWR);
	ask(&scene, 3);
	judge(&scene, OUTCOME_OK, "127.0.0.1");
	assert_int_equal(dialled(&scene, 3, &answer), -1);
	assert_int_equal(answer.outcome, OUTCOME_TEMP);
	assert_string_equal(answer.text, "connection refused");
	scene_close(&scene);
}

/* More than are good for the others is put off at once, and the places come back. */
static void has_a_limit(void **state)
{
	struct message_dialled answer;
	struct scene scene;

	(void)state;
	scene_open(&scene);
	for (uint32_t id = 1; id <= DIALS_MAX + 1; id++) {
		ask(&scene, id);
		event_base_loop(scene.relay.base, EVLOOP_NONBLOCK);
	}
	assert_int_equal(dialled(&scene, DIALS_MAX + 1, &answer), -1);
	assert_int_equal(answer.outcome, OUTCOME_TEMP);
	assert_int_equal(scene.relay.dials, DIALS_MAX);
	for (unsigned i = 0; i < DIALS_MAX; i++)
		judge(&scene, OUTCOME_PERM, "");
	for (uint32_t id = 1; id <= DIALS_MAX; id++)
		assert_int_equal(dialled(&scene, id, &answer), -1);
	assert_int_equal(scene.relay.dials, 0);
	scene_close(&scene);
}

/* Whoever sends what a frontend does not is not heard any more, with all that he had asked. */
static void hears_nobody_who_sends_anything_else(void **state)
{
	struct wire_writer none;
	struct packet packet;
	char memory[8];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct scene scene;

		scene_open(&scene);
		scene.conf.proxy.enabled = i != 2;
		wire_writer_init(&none, memory, sizeof memory);
		ask(&scene, 1);
		if (i < 2)
			say(scene.frontend, i == 0 ? MESSAGE_DIAL : MESSAGE_TAKE, 2, &none);
		assert_int_equal(hear(&scene, scene.frontend, &packet), PACKET_CLOSED);
		assert_int_equal(scene.relay.dials, 0);
		scene_close(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connects_where_the_ticket_leads),
		cmocka_unit_test(connects_nowhere_else),
		cmocka_unit_test(has_a_limit),
		cmocka_unit_test(hears_nobody_who_sends_anything_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
