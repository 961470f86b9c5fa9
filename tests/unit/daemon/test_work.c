/* SPDX-License-Identifier: ISC */
/* The worker side of a role, in a process of its own; the test plays the master and a frontend. */
#include "daemon/work.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "io/packet.h"

enum { STALE_MS = 12000, PATIENCE_MS = 180000 };

static char memory[PACKET_BODY_MAX];
static int taken[2],
	gate[2]; /* pipes: a slow work says that it was taken, and goes on when it may */

static void answer_octets(struct work *work, size_t length)
{
	char *room = memory_new(length);
	struct wire_writer writer;

	wire_writer_init(&writer, room, length);
	writer.used = length;
	work_answer(work, &writer, -1);
	free(room);
}

static bool handle_echo(struct work *work)
{
	answer_octets(work, work->length);
	return work->length != 3; /* three octets count as malformed */
}

static bool handle_slow(struct work *work)
{
	char octet = 0;

	if (write(taken[1], &octet, 1) != 1 || read(gate[0], &octet, 1) != 1)
		_exit(2);
	answer_octets(work, 1);
	return true;
}

static bool handle_large(struct work *work)
{
	answer_octets(work, 60000);
	return true;
}

/* Until the gate is closed. */
static bool handle_blocked(struct work *work)
{
	char octet = 0;

	if (work->body[0] == 'a' &&
	    (write(taken[1], &octet, 1) != 1 || read(gate[0], &octet, 1) != 0))
		return false;
	answer_octets(work, work->length);
	return true;
}

static unsigned lane_by_letter(void *context, const struct work_permit *permit, struct span body)
{
	(void)context;
	return permit->pool + (body.at[0] == 'b');
}

static bool shed_with_seven(struct work *work)
{
	if (work->length == 2)
		return false;
	answer_octets(work, 7);
	return true;
}

/* Held for HOLD_MS times its octets, 90 of them for an hour. */
enum { HOLD_MS = 50 };

static bool handle_held(struct work *work)
{
	char room[100];
	struct wire_writer writer;

	wire_writer_init(&writer, room, sizeof room);
	writer.used = work->length;
	work_answer_later(work, &writer, work->length == 90 ? 3600000 : (unsigned)work->length * HOLD_MS);
	return true;
}

struct scene {
	pid_t pid;
	int control, peer;
};

static void serve(int control)
{
	static const struct work_permit permits[] = {
		{ MESSAGE_RESOLVE, ROLE_FRONTEND, 0, false, handle_echo, 0 },
		{ MESSAGE_LOGIN, ROLE_FRONTEND, 1, false, handle_slow, STALE_MS },
		{ MESSAGE_USAGE, ROLE_FRONTEND, 0, false, handle_large, 0 },
		{ MESSAGE_RECHECK, ROLE_FRONTEND, 0, false, handle_held, 0 },
		{ MESSAGE_EXPLAIN, ROLE_MASTER, 0, false, handle_echo, 0 },
		{ 0 },
	};
	static const unsigned threads[] = { 2, 1, 0 };
	struct role_start begin = { .role = ROLE_DIRECTORY, .control = control };

	_exit(work_serve(&begin, &(struct work_plan){ .permits = permits, .threads = threads }));
}

static void serve_lanes(int control)
{
	static const struct work_permit permits[] = {
		{ MESSAGE_RESOLVE, ROLE_FRONTEND, 0, false, handle_blocked, 0 },
		{ 0 },
	};
	static const unsigned threads[] = { 1, 1, 0 };
	struct role_start begin = { .role = ROLE_DIRECTORY, .control = control };

	close(gate[1]);
	_exit(work_serve(&begin, &(struct work_plan){ .permits = permits,
						      .threads = threads,
						      .lane = lane_by_letter,
						      .shed = shed_with_seven }));
}

/* Four octets are done in the main thread. */
static bool four_at_once(struct work *work)
{
	if (work->length == 4)
		answer_octets(work, 2);
	return work->length == 4;
}

static void serve_at_once(int control)
{
	static const struct work_permit permits[] = {
		{ MESSAGE_LOGIN, ROLE_FRONTEND, 0, false, handle_slow, 0 },
		{ 0 },
	};
	static const unsigned threads[] = { 1, 0 };
	struct role_start begin = { .role = ROLE_DIRECTORY, .control = control };

	_exit(work_serve(&begin, &(struct work_plan){ .permits = permits,
						      .threads = threads,
						      .at_once = four_at_once }));
}

static struct packet receive(int fd, enum packet_result wanted)
{
	struct pollfd there = { .fd = fd, .events = POLLIN };
	struct packet packet;

	assert_int_equal(poll(&there, 1, PATIENCE_MS), 1);
	assert_int_equal(packet_receive(fd, memory, &packet), wanted);
	return packet;
}

static void say(int fd, enum message_kind kind, uint32_t id, struct span body, int descriptor)
{
	struct packet packet = { .kind = (uint16_t)kind, .id = id, .fd = descriptor, .body = body };

	assert_int_equal(packet_send(fd, &packet), PACKET_OK);
}

static void introduce(struct scene *scene)
{
	struct message_peer who = { ROLE_FRONTEND, 7, 1 };
	struct wire_writer writer;
	char body[32];
	int ends[2];

	assert_true(packet_pair(ends));
	wire_writer_init(&writer, body, sizeof body);
	message_put_peer(&writer, &who);
	say(scene->control, MESSAGE_PEER, 0, span_make(body, writer.used), ends[1]);
	close(ends[1]);
	scene->peer = ends[0];
}

static void begin_with(struct scene *scene, void (*run)(int control))
{
	int ends[2];

	assert_true(packet_pair(ends));
	assert_int_equal(pipe(taken), 0);
	assert_int_equal(pipe(gate), 0);
	scene->pid = fork();
	if (scene->pid == 0) {
		close(ends[0]);
		run(ends[1]);
	}
	close(ends[1]);
	scene->control = ends[0];
	assert_int_equal(receive(scene->control, PACKET_OK).kind, MESSAGE_READY);
	introduce(scene);
}

static void begin(struct scene *scene)
{
	begin_with(scene, serve);
}

static void end_wait(struct scene *scene)
{
	int status;

	assert_int_equal(waitpid(scene->pid, &status, 0), scene->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(scene->control);
	close(scene->peer);
	for (int i = 0; i < 2; i++) {
		close(taken[i]);
		close(gate[i]);
	}
}

static void end(struct scene *scene)
{
	say(scene->control, MESSAGE_DRAIN, 0, span_text(""), -1);
	end_wait(scene);
}

static void slow_is_taken(void)
{
	struct pollfd there = { .fd = taken[0], .events = POLLIN };
	char octet;

	assert_int_equal(poll(&there, 1, PATIENCE_MS), 1);
	assert_int_equal(read(taken[0], &octet, 1), 1);
}

static void slow_may_end(void)
{
	assert_int_equal(write(gate[1], "", 1), 1);
}

/* Packets of a peer are taken in their order: with this answer, what was said before has arrived.
 */
static void has_arrived(const struct scene *scene)
{
	say(scene->peer, MESSAGE_RESOLVE, 99, span_text("1234"), -1);
	assert_int_equal(receive(scene->peer, PACKET_OK).id, 99);
}

static void assert_accused(const struct scene *scene)
{
	struct packet packet = receive(scene->control, PACKET_OK);
	struct message_peer who;

	assert_int_equal(packet.kind, MESSAGE_CULPRIT);
	assert_true(message_get_peer(packet.body, &who));
	assert_int_equal(who.generation, 7);
	assert_int_equal(who.index, 1);
}

static void test_answers_and_drain(void **state)
{
	struct scene scene;
	struct packet packet;

	(void)state;
	begin(&scene);
	say(scene.peer, MESSAGE_RESOLVE, 5, span_text("1234"), -1);
	packet = receive(scene.peer, PACKET_OK);
	assert_int_equal(packet.id, 5);
	assert_int_equal(packet.body.length, 4);
	end(&scene);
}

static void test_taken_work_is_answered_at_the_end(void **state)
{
	struct pollfd nothing;
	struct scene scene;

	(void)state;
	begin(&scene);
	say(scene.peer, MESSAGE_LOGIN, 6, span_text(""), -1);
	slow_is_taken();
	say(scene.control, MESSAGE_DRAIN, 0, span_text(""), -1);
	nothing = (struct pollfd){ .fd = scene.peer, .events = POLLIN };
	assert_int_equal(poll(&nothing, 1, 100), 0); /* the end waits */
	slow_may_end();
	assert_int_equal(receive(scene.peer, PACKET_OK).id, 6);
	(void)receive(scene.peer, PACKET_CLOSED);
	end_wait(&scene);
}

static void test_culprits(void **state)
{
	static const struct {
		const char *name;
		enum message_kind kind;
		const char *body;
		int descriptor;
	} rows[] = {
		{ "a kind of nobody's", 999, "", -1 },
		{ "a kind of the store's", MESSAGE_SPOOL, "", -1 },
		{ "a descriptor", MESSAGE_RESOLVE, "1234", STDIN_FILENO },
		{ "malformed", MESSAGE_RESOLVE, "123", -1 },
	};
	struct scene scene;

	(void)state;
	begin(&scene);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		print_message("%s\n", rows[i].name);
		say(scene.peer, rows[i].kind, 0, span_text(rows[i].body), rows[i].descriptor);
		assert_accused(&scene);
		(void)receive(scene.peer, PACKET_CLOSED);
		close(scene.peer);
		introduce(&scene);
	}
	assert_int_equal(send(scene.peer, "rubbish", 7, 0), 7);
	assert_accused(&scene);
	close(scene.peer);
	introduce(&scene);
	say(scene.peer, MESSAGE_RESOLVE, 5, span_text("1234"), -1);
	assert_int_equal(receive(scene.peer, PACKET_OK).id, 5);
	end(&scene);
}

/* The second waits longer than its asker would: it is not worked on, and the third comes sooner. */
static void test_stale_work_is_dropped(void **state)
{
	struct pollfd there;
	struct scene scene;
	uint32_t last = 3;

	(void)state;
	begin(&scene);
	there = (struct pollfd){ .fd = taken[0], .events = POLLIN };
	say(scene.peer, MESSAGE_LOGIN, 1, span_text(""), -1);
	slow_is_taken();
	say(scene.peer, MESSAGE_LOGIN, 2, span_text(""), -1);
	has_arrived(&scene);
	usleep((STALE_MS + 100) * 1000);
	say(scene.peer, MESSAGE_LOGIN, last, span_text(""), -1);
	slow_may_end();
	assert_int_equal(receive(scene.peer, PACKET_OK).id, 1);
	/* On a machine that stands still the third may be stale as well. */
	while (poll(&there, 1, 2 * STALE_MS) == 0 && last < 10)
		say(scene.peer, MESSAGE_LOGIN, ++last, span_text(""), -1);
	slow_is_taken();
	slow_may_end();
	assert_in_range(receive(scene.peer, PACKET_OK).id, 3, last);
	end(&scene);
}

/* Waits for room; what the other side hangs up on is not sent. */
static void say_patiently(int fd, enum message_kind kind, uint32_t id, const char *body)
{
	struct packet packet = {
		.kind = (uint16_t)kind, .id = id, .fd = -1, .body = span_text(body)
	};
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	while (packet_send(fd, &packet) == PACKET_AGAIN)
		assert_int_equal(poll(&room, 1, PATIENCE_MS), 1);
}

/* One lane stands still: the other moves, and what is too much for the first is answered at once.
 */
static void test_lanes(void **state)
{
	enum { SHED = 10004, MUCH = 10100 }; /* one is being worked on, 10,001 wait */
	struct scene scene;
	struct packet packet;

	(void)state;
	begin_with(&scene, serve_lanes);
	say_patiently(scene.peer, MESSAGE_RESOLVE, 1, "a");
	slow_is_taken();
	say_patiently(scene.peer, MESSAGE_RESOLVE, 2, "bbb");
	assert_int_equal(receive(scene.peer, PACKET_OK).id, 2);
	for (uint32_t id = 3; id < MUCH; id++)
		say_patiently(scene.peer, MESSAGE_RESOLVE, id, "a");
	for (uint32_t id = SHED; id < MUCH; id++) {
		packet = receive(scene.peer, PACKET_OK);
		assert_in_range(packet.id, SHED, MUCH);
		assert_int_equal(packet.body.length, 7);
	}
	say_patiently(scene.peer, MESSAGE_RESOLVE, MUCH, "bbb");
	assert_int_equal(receive(scene.peer, PACKET_OK).id, MUCH);
	/* What cannot be shed waits. */
	say_patiently(scene.peer, MESSAGE_RESOLVE, MUCH + 1, "aa");
	say_patiently(scene.peer, MESSAGE_RESOLVE, MUCH + 2, "bbb");
	assert_int_equal(receive(scene.peer, PACKET_OK).id, MUCH + 2);
	close(gate[1]);
	gate[1] = -1;
	end(&scene);
}

/* The only thread is busy: what the main thread does itself is answered all the same, the rest when
 * it may. */
static void test_done_at_once(void **state)
{
	struct scene scene;
	struct packet packet;

	(void)state;
	begin_with(&scene, serve_at_once);
	say(scene.peer, MESSAGE_LOGIN, 1, span_text("a"), -1);
	slow_is_taken();
	say(scene.peer, MESSAGE_LOGIN, 2, span_text("b"), -1);
	say(scene.peer, MESSAGE_LOGIN, 3, span_text("four"), -1);
	packet = receive(scene.peer, PACKET_OK);
	assert_int_equal(packet.id, 3);
	assert_int_equal(packet.body.length, 2);
	slow_may_end();
	assert_int_equal(receive(scene.peer, PACKET_OK).id, 1);
	slow_is_taken();
	slow_may_end();
	assert_int_equal(receive(scene.peer, PACKET_OK).id, 2);
	end(&scene);
}

static void test_peer_that_takes_no_answers(void **state)
{
	struct scene scene;
	int64_t begun;

	(void)state;
	begin(&scene);
	begun = clock_ms();
	for (uint32_t i = 1; i <= 400; i++)
		say_patiently(scene.peer, MESSAGE_USAGE, i, "");
	assert_accused(&scene);
	assert_true(clock_ms() - begun >= 4000);
	end(&scene);
}

/* Three answers, held for 80, for 20 and for no HOLD_MS: whether they came when they were due. */
static bool come_in_order(struct scene *scene)
{
	int64_t begun = clock_ms(), second;
	uint32_t ids[3];

	say(scene->peer, MESSAGE_RECHECK, 1, span_make(memory, 80), -1);
	say(scene->peer, MESSAGE_RECHECK, 2, span_make(memory, 20), -1);
	say(scene->peer, MESSAGE_RECHECK, 3, span_text(""), -1);
	ids[0] = receive(scene->peer, PACKET_OK).id;
	ids[1] = receive(scene->peer, PACKET_OK).id;
	second = clock_ms();
	ids[2] = receive(scene->peer, PACKET_OK).id;
	assert_true(clock_ms() - begun >= 80 * HOLD_MS);
	if (ids[0] != 3 || ids[1] != 2 || ids[2] != 1)
		return false;
	assert_true(second - begun >= 20 * HOLD_MS);
	return true;
}

/*
 * They come when they are due, whatever was asked first, and all of them before the end. On a
 * machine that stands still between the asking the order may be another one, but not each time.
 */
static void test_answers_that_are_held(void **state)
{
	struct scene scene;
	int tries = 0;

	(void)state;
	begin(&scene);
	while (!come_in_order(&scene) && tries < 8)
		tries++;
	assert_in_range(tries, 0, 7);
	/* One whose asker is gone, and one that is due after the end. */
	say(scene.peer, MESSAGE_RECHECK, 4, span_make(memory, 10), -1);
	has_arrived(&scene);
	close(scene.peer);
	usleep(15 * HOLD_MS * 1000);
	introduce(&scene);
	say(scene.peer, MESSAGE_RECHECK, 5, span_make(memory, 90), -1);
	has_arrived(&scene);
	say(scene.control, MESSAGE_DRAIN, 0, span_text(""), -1);
	assert_int_equal(receive(scene.peer, PACKET_OK).id, 5);
	end_wait(&scene);
}

static void test_the_master_asks(void **state)
{
	struct scene scene;
	struct packet packet;

	(void)state;
	begin(&scene);
	say(scene.control, MESSAGE_EXPLAIN, 9, span_text("1234"), -1);
	packet = receive(scene.control, PACKET_OK);
	assert_int_equal(packet.kind, MESSAGE_EXPLAIN);
	assert_int_equal(packet.id, 9);
	/* What only a frontend may ask, and what only the master may. */
	say(scene.control, MESSAGE_RESOLVE, 10, span_text("1234"), -1);
	say(scene.peer, MESSAGE_EXPLAIN, 11, span_text("1234"), -1);
	assert_accused(&scene);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_and_drain),
		cmocka_unit_test(test_taken_work_is_answered_at_the_end),
		cmocka_unit_test(test_culprits),
		cmocka_unit_test(test_stale_work_is_dropped),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_done_at_once),
		cmocka_unit_test(test_answers_that_are_held),
		cmocka_unit_test(test_the_master_asks),
		cmocka_unit_test(test_peer_that_takes_no_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
