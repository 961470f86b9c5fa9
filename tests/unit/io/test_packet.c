/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/wire.h"
#include "io/packet.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

static char memory[PACKET_BODY_MAX];
static char body[PACKET_BODY_MAX];

static size_t descriptors_open(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/* ---- packets ---- */

static void test_round_trip(void **state)
{
	static const size_t lengths[] = { 0, 1, 100, 4096, PACKET_BODY_MAX };
	size_t before = descriptors_open();
	struct packet got;
	int ends[2];

	(void)state;
	assert_true(packet_pair(ends));
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)(i * 7);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct packet sent = { .kind = 0xfffe,
				       .id = 0x80000001u + (uint32_t)i,
				       .fd = -1,
				       .body = span_make(body, lengths[i]) };
		assert_int_equal(packet_send(ends[0], &sent), PACKET_OK);
		assert_int_equal(packet_receive(ends[1], memory, &got), PACKET_OK);
		assert_int_equal(got.kind, sent.kind);
		assert_int_equal(got.id, sent.id);
		assert_int_equal(got.fd, -1);
		assert_true(span_equal(got.body, sent.body));
	}
	struct packet large = { .fd = -1, .body = { body, PACKET_BODY_MAX + 1 } };
	assert_int_equal(packet_send(ends[0], &large), PACKET_BAD);
	close(ends[0]);
	assert_int_equal(packet_receive(ends[1], memory, &got), PACKET_CLOSED);
	assert_int_equal(packet_send(ends[1], &(struct packet){ .fd = -1 }), PACKET_CLOSED);
	close(ends[1]);
	assert_int_equal(descriptors_open(), before);
}

static void test_descriptor(void **state)
{
	size_t before = descriptors_open();
	struct packet got;
	int ends[2], pipes[2];
	char c = 0;

	(void)state;
	assert_true(packet_pair(ends));
	assert_int_equal(pipe(pipes), 0);
	struct packet sent = { .kind = 5, .id = 1, .fd = pipes[0], .body = span_text("x") };
	assert_int_equal(packet_send(ends[0], &sent), PACKET_OK);
	close(pipes[0]);
	assert_int_equal(packet_receive(ends[1], memory, &got), PACKET_OK);
	assert_true(got.fd >= 0);
	assert_int_equal(fcntl(got.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(write(pipes[1], "!", 1), 1);
	assert_int_equal(read(got.fd, &c, 1), 1);
	assert_int_equal(c, '!');
	close(got.fd);
	close(pipes[1]);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(descriptors_open(), before);
}

static ssize_t raw_send(int fd, const void *bytes, size_t length, const int *fds, size_t count)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(64 * sizeof(int))];
	} control;
	struct iovec part = { (void *)(uintptr_t)bytes, length };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	memset(&control, 0, sizeof(control));
	if (count) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static size_t raw_header(char to[12], uint32_t first, uint32_t id, uint32_t length)
{
	struct wire_writer writer;

	wire_writer_init(&writer, to, 12);
	wire_put_u32(&writer, first);
	wire_put_u32(&writer, id);
	wire_put_u32(&writer, length);
	return writer.used;
}

static void test_malformed(void **state)
{
	static const struct {
		uint32_t first, length; /* header as written */
		size_t size;            /* octets sent */
		size_t descriptors;
		enum packet_result result;
	} rows[] = {
		{ 1 << 16 | 3, 0, 12, 0, PACKET_OK },
		{ 1 << 16 | 3, 5, 17, 1, PACKET_OK },
		{ 1 << 16, 0, 1, 0, PACKET_BAD },
		{ 1 << 16, 0, 11, 1, PACKET_BAD },
		{ 0, 0, 12, 0, PACKET_BAD },
		{ 2 << 16, 0, 12, 1, PACKET_BAD },
		{ 0xffff << 16, 0, 12, 0, PACKET_BAD },
		{ 1 << 16, 1, 12, 0, PACKET_BAD },
		{ 1 << 16, 4, 17, 0, PACKET_BAD },
		{ 1 << 16, 0xffffffff, 17, 0, PACKET_BAD },
		{ 1 << 16, PACKET_BODY_MAX + 1, PACKET_BODY_MAX + 13, 1, PACKET_BAD },
		{ 1 << 16, 5, 17, 2, PACKET_BAD },
		{ 1 << 16, 5, 17, 7, PACKET_BAD },
		{ 1 << 16, 5, 17, 60, PACKET_BAD },
	};
	static char bytes[PACKET_BODY_MAX + 100];
	size_t before = descriptors_open();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct packet got;
		int ends[2], fds[64];

		assert_true(packet_pair(ends));
		for (size_t f = 0; f < 64; f++)
			fds[f] = 2;
		raw_header(bytes, rows[i].first, 9, rows[i].length);
		assert_int_equal(raw_send(ends[0], bytes, rows[i].size, fds, rows[i].descriptors),
				 rows[i].size);
		enum packet_result result = packet_receive(ends[1], memory, &got);
		assert_int_equal(result, rows[i].result);
		assert_int_equal(got.fd >= 0,
				 rows[i].result == PACKET_OK && rows[i].descriptors == 1);
		if (got.fd >= 0)
			close(got.fd);
		close(ends[0]);
		close(ends[1]);
		assert_int_equal(descriptors_open(), before);
	}
}

/* A receiver without descriptors left gets the packet without its descriptor. */
static void test_no_descriptors_left(void **state)
{
	struct rlimit old, low;
	struct packet got;
	int ends[2];

	(void)state;
	if (RUNNING_ON_VALGRIND)
		skip(); /* it has limits of its own */
	assert_true(packet_pair(ends));
	struct packet sent = { .kind = 5, .id = 1, .fd = 2, .body = span_text("x") };
	assert_int_equal(packet_send(ends[0], &sent), PACKET_OK);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	enum packet_result result = packet_receive(ends[1], memory, &got);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(result, PACKET_OK);
	assert_int_equal(got.fd, -1);
	assert_true(got.fd_lost);
	assert_int_equal(got.kind, 5);
	close(ends[0]);
	close(ends[1]);
}

/* Answers sent before the peer died with unread packets of ours are not lost. */
static void test_answers_before_reset(void **state)
{
	struct packet packet = { .kind = 1, .id = 1, .fd = -1 }, got;
	int ends[2];

	(void)state;
	assert_true(packet_pair(ends));
	assert_int_equal(packet_send(ends[0], &packet), PACKET_OK);
	assert_int_equal(packet_send(ends[1], &packet), PACKET_OK);
	close(ends[1]);
	assert_int_equal(packet_receive(ends[0], memory, &got), PACKET_OK);
	assert_int_equal(packet_receive(ends[0], memory, &got), PACKET_CLOSED);
	close(ends[0]);
}

/* ---- channels ---- */

struct asker {
	struct event_base *base;
	struct channel *channel;
	unsigned answered, timed_out, lost_asks, lost, told, wrong;
	unsigned again; /* ask so many more from inside answers */
	bool free_in_answer, free_in_lost, free_in_told, inside_ask;
};

struct question {
	struct asker *asker;
	uint32_t number;
	unsigned calls;
};

static void on_answer(void *context, enum channel_result result, const struct packet *packet);

static void ask(struct asker *asker, struct question *question, unsigned deadline, int fd)
{
	char text[8];
	struct wire_writer writer;

	wire_writer_init(&writer, text, sizeof(text));
	wire_put_u32(&writer, question->number);
	asker->inside_ask = true;
	uint32_t id = channel_ask(asker->channel, 7, span_make(text, writer.used), fd, deadline,
				  on_answer, question);
	asker->inside_ask = false;
	assert_int_not_equal(id, 0);
}

static void asker_free_channel(struct asker *asker)
{
	struct channel *channel = asker->channel;

	asker->channel = NULL;
	channel_free(channel);
}

static void on_answer(void *context, enum channel_result result, const struct packet *packet)
{
	struct question *question = context;
	struct asker *asker = question->asker;

	assert_false(asker->inside_ask);
	question->calls++;
	asker->answered += result == CHANNEL_ANSWERED;
	asker->timed_out += result == CHANNEL_TIMEOUT;
	asker->lost_asks += result == CHANNEL_LOST;
	assert_int_equal(packet != NULL, result == CHANNEL_ANSWERED);
	if (packet) {
		struct wire_reader reader;

		wire_reader_init(&reader, packet->body.at, packet->body.length);
		asker->wrong += wire_get_u32(&reader) != question->number;
		if (packet->fd >= 0)
			close(packet->fd);
	}
	if (asker->again > 0 && asker->channel) {
		asker->again--;
		ask(asker, question, 5000, -1);
	}
	if (asker->free_in_answer && asker->channel)
		asker_free_channel(asker);
}

static void on_lost(void *context)
{
	struct asker *asker = context;

	asker->lost++;
	if (asker->free_in_lost)
		asker_free_channel(asker);
}

static void on_told(void *context, const struct packet *packet)
{
	struct asker *asker = context;

	asker->told++;
	if (packet->fd >= 0)
		close(packet->fd);
	if (asker->free_in_told)
		asker_free_channel(asker);
}

static void asker_open(struct asker *asker, int *other)
{
	int ends[2];

	memset(asker, 0, sizeof(*asker));
	asker->base = event_base_new();
	assert_true(packet_pair(ends));
	asker->channel = channel_new(asker->base, ends[0], on_lost, on_told, asker);
	*other = ends[1];
}

static void asker_turns(struct asker *asker, int milliseconds)
{
	int64_t limit = clock_ms() + milliseconds;

	while (clock_ms() < limit) {
		event_base_loop(asker->base, EVLOOP_NONBLOCK);
		nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
	}
	/* What has arrived or is due by now is seen, however much of the time was not ours. */
	for (int turns = 0; turns < 20; turns++)
		event_base_loop(asker->base, EVLOOP_NONBLOCK);
}

static void asker_close(struct asker *asker)
{
	channel_free(asker->channel);
	event_base_loop(asker->base, EVLOOP_NONBLOCK);
	event_base_free(asker->base);
}

#define MANY 10000

/* Takes packets by the hundred and answers them in another order, some twice, with a descriptor now
 * and then. */
static void *answerer(void *context)
{
	int fd = *(int *)context;
	static char own_memory[PACKET_BODY_MAX];
	static struct {
		uint32_t id, number;
	} held[100];
	unsigned total = 0, count = 0, seed = 3;

	while (total < MANY) {
		struct packet packet;

		if (packet_receive(fd, own_memory, &packet) != PACKET_OK)
			break;
		struct wire_reader reader;
		wire_reader_init(&reader, packet.body.at, packet.body.length);
		held[count].id = packet.id;
		held[count++].number = wire_get_u32(&reader);
		if (packet.fd >= 0)
			close(packet.fd);
		total++;
		if (count < 100 && total < MANY)
			continue;
		for (; count > 0; count--) {
			unsigned pick = (unsigned)rand_r(&seed) % count;
			uint32_t number = held[pick].number;
			struct packet answer = { .kind = 8,
						 .id = held[pick].id,
						 .fd = number % 50 ? -1 : 2,
						 .body = span_make(&number, sizeof(number)) };
			for (int twice = 0; twice < (number % 97 ? 1 : 2); twice++)
				(void)!packet_send(fd, &answer);
			held[pick] = held[count - 1];
		}
	}
	return NULL;
}

static void test_many_out_of_order(void **state)
{
	static struct question questions[MANY];
	size_t before = descriptors_open();
	struct asker asker;
	pthread_t thread;
	int other;

	(void)state;
	asker_open(&asker, &other);
	for (uint32_t i = 0; i < MANY; i++) {
		questions[i] = (struct question){ &asker, i, 0 };
		ask(&asker, &questions[i], 120000, i % 100 ? -1 : 2);
	}
	assert_int_equal(channel_outstanding(asker.channel), MANY);
	pthread_create(&thread, NULL, answerer, &other);
	for (int64_t limit = clock_ms() + 180000; asker.answered < MANY && clock_ms() < limit;)
		asker_turns(&asker, 1);
	pthread_join(thread, NULL);
	asker_turns(&asker, 20);
	assert_int_equal(asker.answered, MANY);
	assert_int_equal(asker.wrong, 0);
	assert_int_equal(channel_outstanding(asker.channel), 0);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(questions[i].calls, 1);
	asker_close(&asker);
	close(other);
	assert_int_equal(descriptors_open(), before);
}

static void test_timeout_and_forget(void **state)
{
	size_t before = descriptors_open();
	struct question questions[3];
	struct packet packet;
	struct asker asker;
	uint32_t ids[3];
	int other;

	(void)state;
	asker_open(&asker, &other);
	for (uint32_t i = 0; i < 3; i++) {
		questions[i] = (struct question){ &asker, i, 0 };
		ids[i] = channel_ask(asker.channel, 7, span_make(NULL, 0), -1, i == 0 ? 100 : 60000,
				     on_answer, &questions[i]);
	}
	channel_forget(asker.channel, ids[1]);
	channel_forget(asker.channel, ids[1]);
	channel_forget(asker.channel, 0);
	asker_turns(&asker, 600);
	assert_int_equal(asker.timed_out, 1);
	assert_int_equal(questions[0].calls, 1);
	assert_int_equal(channel_outstanding(asker.channel), 1);
	/* Late, forgotten, never asked: dropped with their descriptors. The third is the answer. */
	for (int i = 0; i < 4; i++) {
		uint32_t number = 2;
		uint32_t id = i < 3 ? ids[i] : 0xfffffff0u;
		packet = (struct packet){
			.kind = 8, .id = id, .fd = 2, .body = span_make(&number, sizeof(number))
		};
		assert_int_equal(packet_send(other, &packet), PACKET_OK);
	}
	asker_turns(&asker, 20);
	assert_int_equal(asker.answered, 1);
	assert_int_equal(questions[2].calls, 1);
	assert_int_equal(questions[1].calls, 0);
	assert_int_equal(asker.wrong, 0);
	asker_close(&asker);
	close(other);
	assert_int_equal(descriptors_open(), before);
}

static void test_peer_dies(void **state)
{
	size_t before = descriptors_open();

	(void)state;
	/* 0: nothing more; 1: freed in an answer; 2: freed in lost; 3: asks again inside the
	 * answers; 4: sends rubbish instead of closing */
	for (int variant = 0; variant < 5; variant++) {
		struct question questions[50];
		struct asker asker;
		int other;

		asker_open(&asker, &other);
		asker.free_in_answer = variant == 1;
		asker.free_in_lost = variant == 2;
		asker.again = variant == 3 ? 120 : 0;
		for (uint32_t i = 0; i < 50; i++) {
			questions[i] = (struct question){ &asker, i, 0 };
			ask(&asker, &questions[i], 60000, -1);
		}
		if (variant == 4)
			assert_int_equal(send(other, "rubbish", 7, 0), 7);
		else
			close(other);
		asker_turns(&asker, 50);
		assert_int_equal(asker.lost_asks, variant == 3 ? 170 : 50);
		assert_int_equal(asker.lost, variant != 1);
		if (asker.channel) { /* asks after the end are answered too, later */
			ask(&asker, &questions[0], 60000, -1);
			channel_tell(asker.channel, 1, span_text("x"), -1);
			asker_turns(&asker, 5);
			assert_int_equal(channel_outstanding(asker.channel), 0);
		}
		asker_close(&asker);
		if (variant == 4)
			close(other);
		assert_int_equal(descriptors_open(), before);
	}
}

static void test_free_with_outstanding(void **state)
{
	struct question questions[50];
	struct asker asker;
	int other;

	(void)state;
	asker_open(&asker, &other);
	for (uint32_t i = 0; i < 50; i++) {
		questions[i] = (struct question){ &asker, i, 0 };
		ask(&asker, &questions[i], 60000, -1);
	}
	asker.again = 10; /* channel is still set: asked again while it is being freed */
	channel_free(asker.channel);
	asker.channel = NULL;
	assert_int_equal(asker.lost_asks, 60);
	assert_int_equal(asker.lost, 0);
	asker_close(&asker);
	close(other);
}

static void test_told(void **state)
{
	struct packet packet = { .kind = 3, .id = 0, .fd = 2, .body = span_text("hello") };
	size_t before = descriptors_open();
	struct asker asker;
	int other;

	(void)state;
	asker_open(&asker, &other);
	assert_int_equal(packet_send(other, &packet), PACKET_OK);
	assert_int_equal(packet_send(other, &packet), PACKET_OK);
	asker_turns(&asker, 5);
	assert_int_equal(asker.told, 2);
	asker.free_in_told = true;
	assert_int_equal(packet_send(other, &packet), PACKET_OK);
	assert_int_equal(packet_send(other, &packet), PACKET_OK);
	asker_turns(&asker, 5);
	assert_int_equal(asker.told, 3);
	asker_close(&asker);
	close(other);
	assert_int_equal(descriptors_open(), before);
}

/* The peer does not read: packets wait with their descriptors, up to the cap, in order. */
/* ---- the answering side ---- */

struct server {
	struct channel *channel;
	unsigned taken;
};

/* Answers what has an id with what it was asked. */
static void on_question(void *context, const struct packet *packet)
{
	struct server *server = context;

	server->taken++;
	if (packet->fd >= 0)
		close(packet->fd);
	if (packet->id)
		channel_hand(server->channel, packet->kind, packet->id, packet->body,
			     packet->id == 77 ? STDIN_FILENO : -1);
}

static void test_answers(void **state)
{
	static const uint32_t ids[] = { 1, 0, 77, UINT32_MAX };
	struct event_base *base = event_base_new();
	struct server server = { 0 };
	struct packet got;
	int ends[2];

	(void)state;
	assert_true(packet_pair(ends));
	server.channel = channel_new(base, ends[0], NULL, on_question, &server);
	channel_answers(server.channel);
	for (size_t i = 0; i < 4; i++) {
		struct packet asked = { .kind = 96, .id = ids[i], .fd = -1, .body = span_text("who") };

		assert_int_equal(packet_send(ends[1], &asked), PACKET_OK);
	}
	while (server.taken < 4)
		event_base_loop(base, EVLOOP_ONCE);
	for (size_t i = 0; i < 4; i++) {
		if (ids[i] == 0)
			continue;
		assert_int_equal(packet_receive(ends[1], memory, &got), PACKET_OK);
		assert_int_equal(got.kind, 96);
		assert_int_equal(got.id, ids[i]);
		assert_true(span_is(got.body, "who"));
		assert_int_equal(got.fd >= 0, ids[i] == 77);
		if (got.fd >= 0)
			close(got.fd);
	}
	channel_free(server.channel);
	assert_int_equal(packet_receive(ends[1], memory, &got), PACKET_CLOSED);
	close(ends[1]);
	event_base_free(base);
}

static void test_full_socket(void **state)
{
	size_t before = descriptors_open();
	struct packet packet;
	struct asker asker;
	struct question question = { &asker, 0, 0 };
	int other, extra = 0;
	uint32_t expected = 0;

	(void)state;
	asker_open(&asker, &other);
	for (uint32_t i = 0; i < 200; i++) {
		memcpy(body, &i, sizeof(i));
		channel_tell(asker.channel, 9, span_make(body, 60000), i % 2 ? 2 : -1);
	}
	assert_true(descriptors_open() > before + 10); /* they do wait here */
	assert_int_equal(fcntl(other, F_SETFL, O_NONBLOCK), 0);
	while (expected < 200 && extra < 2000) {
		switch (packet_receive(other, memory, &packet)) {
		case PACKET_OK:
			assert_memory_equal(packet.body.at, &expected, sizeof(expected));
			assert_int_equal(packet.fd >= 0, expected % 2);
			if (packet.fd >= 0)
				close(packet.fd);
			expected++;
			break;
		case PACKET_AGAIN:
			asker_turns(&asker, 1);
			extra++;
			break;
		default:
			fail();
		}
	}
	assert_int_equal(expected, 200);
	/* Over the cap an ask is lost at once, though not inside channel_ask. */
	for (uint32_t i = 0; i < CHANNEL_WAITING_MAX * 2; i++)
		channel_tell(asker.channel, 9, span_make(body, 200), -1);
	ask(&asker, &question, 60000, -1);
	assert_int_equal(question.calls, 0);
	asker_turns(&asker, 2);
	assert_int_equal(asker.lost_asks, 1);
	asker_close(&asker);
	close(other);
	assert_int_equal(descriptors_open(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_descriptor),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_no_descriptors_left),
		cmocka_unit_test(test_answers_before_reset),
		cmocka_unit_test(test_many_out_of_order),
		cmocka_unit_test(test_timeout_and_forget),
		cmocka_unit_test(test_peer_dies),
		cmocka_unit_test(test_free_with_outstanding),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_full_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
