/* SPDX-License-Identifier: ISC */
#include "tests/unit/io/peer.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "io/stream.h"

#include <event2/event.h>
#include <stdatomic.h>

enum place { NOWHERE, IN_INPUT, IN_DRAINED, IN_SECURED, IN_IDLE, IN_GONE };

/* For what must happen: only a failure waits so long. */
#define PATIENCE_MS 180000

/* The server's side of one test. */
struct owner {
	struct event_base *base;
	struct stream *stream;
	struct tls_server *tls;
	size_t (*input)(struct owner *owner, const char *bytes, size_t length);
	void (*drained)(struct owner *owner);
	struct buffer seen;
	size_t sent, total;
	int inputs, drains, secured, idles, gone;
	char why[100], version[20];
	enum place free_in;
	/* A timer of the same loop, later than what must have happened before it rings. */
	struct event *rival;
	bool due, late;
};

struct scene {
	struct owner owner;
	struct peer peer;
	struct event *tick;
	pthread_t thread;
	bool threaded;
	size_t descriptors;
	size_t octets;
	bool tls;
	bool (*script)(struct scene *scene);
	bool script_ok;
	atomic_bool heard, told; /* marks between the owner's thread and the peer's */
	int64_t turned;          /* when the loop was last entered */
};

static struct pem pem;

static void free_here(struct owner *owner, enum place place)
{
	if (owner->free_in != place)
		return;
	stream_free(owner->stream);
	owner->stream = NULL;
}

static size_t on_input(void *context, const char *bytes, size_t length)
{
	struct owner *owner = context;

	owner->inputs++;
	assert_non_null(owner->stream); /* no call after stream_free */
	assert_int_equal(owner->gone, 0);
	size_t used = owner->input ? owner->input(owner, bytes, length) : length;
	if (!owner->input)
		buffer_add(&owner->seen, bytes, length);
	free_here(owner, IN_INPUT);
	return used;
}

static void on_drained(void *context)
{
	struct owner *owner = context;

	owner->drains++;
	assert_non_null(owner->stream);
	if (owner->drained)
		owner->drained(owner);
	free_here(owner, IN_DRAINED);
}

static void on_secured(void *context, const char *version, const char *cipher)
{
	struct owner *owner = context;

	owner->secured++;
	assert_non_null(owner->stream);
	assert_true(stream_secure(owner->stream));
	assert_true(strlen(cipher) > 8);
	snprintf(owner->version, sizeof(owner->version), "%s", version);
	free_here(owner, IN_SECURED);
}

static void on_idle(void *context)
{
	struct owner *owner = context;

	owner->idles++;
	assert_non_null(owner->stream);
	free_here(owner, IN_IDLE);
}

static void on_gone(void *context, const char *why)
{
	struct owner *owner = context;

	owner->gone++;
	assert_non_null(owner->stream);
	snprintf(owner->why, sizeof(owner->why), "%s", why);
	free_here(owner, IN_GONE);
}

static const struct stream_calls calls = { .input = on_input,
					    .drained = on_drained,
					    .secured = on_secured,
					    .idle = on_idle,
					    .gone = on_gone };

/* ---- running ---- */

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	(void)context;
}

static void *peer_main(void *context)
{
	struct scene *scene = context;

	scene->script_ok =
		(!scene->tls || peer_handshake(&scene->peer, NULL)) && scene->script(scene);
	return NULL;
}

static void scene_open(struct scene *scene, bool tls, bool tcp, int buffers, unsigned idle)
{
	const struct timeval often = { .tv_usec = 5000 };
	int ends[2];

	memset(scene, 0, sizeof(*scene));
	scene->descriptors = descriptors_open();
	scene->tls = tls;
	pair_new(tcp, buffers, ends);
	scene->peer.fd = ends[1];
	scene->owner.base = event_base_new();
	scene->tick = event_new(scene->owner.base, -1, EV_PERSIST, on_tick, NULL);
	event_add(scene->tick, &often);
	scene->owner.tls = pem_server(&pem);
	scene->owner.stream = stream_new(scene->owner.base, ends[0], &calls, &scene->owner, idle);
	if (tls)
		stream_start_tls(scene->owner.stream, scene->owner.tls);
}

static void scene_peer(struct scene *scene, bool (*script)(struct scene *scene))
{
	scene->script = script;
	scene->threaded = true;
	assert_int_equal(pthread_create(&scene->thread, NULL, peer_main, scene), 0);
}

static void scene_turn(struct scene *scene)
{
	scene->turned = clock_ms();
	event_base_loop(scene->owner.base, EVLOOP_ONCE);
}

static bool scene_run(struct scene *scene, bool (*done)(struct owner *owner), int milliseconds)
{
	int64_t limit = clock_ms() + milliseconds;

	while (!done(&scene->owner)) {
		if (clock_ms() > limit)
			return false;
		scene_turn(scene);
	}
	return true;
}

/* For what must not happen: time, and turns too where time alone goes by without us. */
static void scene_turns(struct scene *scene, int milliseconds)
{
	int64_t limit = clock_ms() + milliseconds;

	for (int turns = 0; turns < 4 || clock_ms() < limit; turns++)
		scene_turn(scene);
}

/* One turn later than due: timers that libevent keeps in queues ring at the end of theirs. */
static void on_rival(evutil_socket_t fd, short what, void *context)
{
	const struct timeval at_once = { 0 };
	struct owner *owner = context;

	(void)fd;
	(void)what;
	owner->late = owner->due;
	owner->due = true;
	if (!owner->late)
		event_add(owner->rival, &at_once);
}

/*
 * However slow the machine is, timers of one loop ring in their order: what is to happen
 * in time has happened when this one rings. Set again, it starts again.
 */
static void rival_set(struct owner *owner, int milliseconds)
{
	const struct timeval later = { milliseconds / 1000, milliseconds % 1000 * 1000 };

	if (!owner->rival)
		owner->rival = event_new(owner->base, -1, 0, on_rival, owner);
	event_del(owner->rival);
	owner->due = false;
	event_add(owner->rival, &later);
}

static void scene_close(struct scene *scene)
{
	struct event_base *base = scene->owner.base;

	stream_free(scene->owner.stream);
	if (scene->threaded)
		pthread_join(scene->thread, NULL);
	peer_close(&scene->peer);
	tls_server_free(scene->owner.tls);
	buffer_clear(&scene->owner.seen);
	event_base_loop(base, EVLOOP_NONBLOCK); /* a stray event of the freed stream would show */
	event_free(scene->tick);
	if (scene->owner.rival)
		event_free(scene->owner.rival);
	event_base_free(base);
	assert_int_equal(descriptors_open(), scene->descriptors);
	if (scene->threaded)
		assert_true(scene->script_ok);
}

static bool is_gone(struct owner *owner)
{
	return owner->gone > 0;
}

static bool is_freed(struct owner *owner)
{
	return owner->stream == NULL;
}

static bool is_secured(struct owner *owner)
{
	return owner->secured > 0;
}

static bool has_input(struct owner *owner)
{
	return owner->inputs > 0;
}

/* Every kind of connection a test is run over. */
static const struct kind {
	bool tls, tcp;
	int buffers;
} kinds[] = {
	{ false, false, 0 },
	{ false, true, 0 },
	{ true, false, 0 },
	{ true, true, 0 },
	/* TCP with smaller buffers spends its time in delayed acknowledgements. */
	{ false, false, 4096 },
	{ false, true, 16384 },
	{ true, false, 4096 },
	{ true, true, 16384 },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- conversations ---- */

static size_t echo_lines(struct owner *owner, const char *bytes, size_t length)
{
	size_t used = 0;

	for (const char *end; (end = memchr(bytes + used, '\n', length - used));) {
		size_t line = (size_t)(end - (bytes + used)) + 1;

		stream_write(owner->stream, bytes + used, line);
		if (line == 6 && memcmp(bytes + used, "QUIT\r\n", 6) == 0)
			stream_finish(owner->stream);
		used += line;
	}
	return used;
}

static bool script_echo(struct scene *scene)
{
	struct peer *peer = &scene->peer;
	char end;

	return peer_say(peer, "one\r\n") && peer_expect(peer, "one\r\n") && peer_say(peer, "tw") &&
	       (pause_ms(5), true) && peer_say(peer, "o\r\nth") && peer_expect(peer, "two\r\n") &&
	       peer_say(peer, "ree\r\n") && peer_expect(peer, "three\r\n") &&
	       peer_say(peer, "QUIT\r\n") && peer_expect(peer, "QUIT\r\n") &&
	       peer_receive(peer, &end, 1) == 0;
}

static void test_echo(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct scene scene;

		scene_open(&scene, kinds[i].tls, kinds[i].tcp, kinds[i].buffers, 60);
		scene.owner.input = echo_lines;
		scene_peer(&scene, script_echo);
		assert_true(scene_run(&scene, is_gone, PATIENCE_MS));
		assert_string_equal(scene.owner.why, "closed");
		assert_int_equal(scene.owner.gone, 1);
		assert_int_equal(scene.owner.secured, kinds[i].tls);
		scene_close(&scene);
	}
}

/* ---- large transfers both ways ---- */

static unsigned char octet(size_t position)
{
	return (unsigned char)(position * 2654435761u >> 13);
}

static void *bulk_sender(void *context)
{
	struct scene *scene = context;
	unsigned char piece[5000];
	unsigned seed = 1;

	for (size_t at = 0; at < scene->octets;) {
		size_t length = 1 + (size_t)rand_r(&seed) % sizeof(piece);
		if (length > scene->octets - at)
			length = scene->octets - at;
		for (size_t i = 0; i < length; i++)
			piece[i] = octet(at + i);
		if (!peer_send(&scene->peer, piece, length))
			break;
		at += length;
		if (rand_r(&seed) % 64 == 0)
			pause_ms(1);
	}
	return NULL;
}

static bool script_bulk(struct scene *scene)
{
	unsigned char piece[7000];
	unsigned seed = 2;
	pthread_t sender;
	size_t at = 0;

	pthread_create(&sender, NULL, bulk_sender, scene);
	while (at < scene->octets) {
		ssize_t got = peer_receive(&scene->peer, piece,
					   1 + (size_t)rand_r(&seed) % sizeof(piece));
		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got; i++, at++) {
			if (piece[i] != octet(at))
				goto fail;
		}
		if (rand_r(&seed) % 64 == 0)
			pause_ms(1);
	}
	pthread_join(sender, NULL);
	return at == scene->octets && peer_receive(&scene->peer, piece, 1) == 0;
fail:
	pthread_join(sender, NULL);
	return false;
}

static void bulk_drained(struct owner *owner)
{
	stream_resume(owner->stream);
}

static size_t bulk_echo(struct owner *owner, const char *bytes, size_t length)
{
	/* Not all of it, so that some is held. */
	size_t used = length > 300 ? length - length % 7 : length;

	stream_write(owner->stream, bytes, used);
	owner->sent += used;
	if (owner->sent == owner->total)
		stream_finish(owner->stream);
	else if (!stream_writable(owner->stream))
		stream_pause(owner->stream);
	else if (used < length)
		stream_resume(owner->stream);
	return used;
}

static void test_bulk(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct scene scene;

		scene_open(&scene, kinds[i].tls, kinds[i].tcp, kinds[i].buffers, 60);
		scene.octets = kinds[i].buffers ? 100001 : 2000001;
		scene.owner.total = scene.octets;
		scene.owner.input = bulk_echo;
		scene.owner.drained = bulk_drained;
		scene_peer(&scene, script_bulk);
		assert_true(scene_run(&scene, is_gone, PATIENCE_MS));
		assert_string_equal(scene.owner.why, "closed");
		scene_close(&scene);
	}
}

/* One long answer written as a continuation, as POP3 does; the peer reads it slowly. */
static void pour(struct owner *owner)
{
	unsigned char piece[3000];

	while (owner->sent < owner->total && stream_writable(owner->stream)) {
		size_t length = owner->total - owner->sent;
		if (length > sizeof(piece))
			length = sizeof(piece);
		for (size_t i = 0; i < length; i++)
			piece[i] = octet(owner->sent + i);
		stream_write(owner->stream, piece, length);
		owner->sent += length;
	}
	if (owner->sent == owner->total)
		stream_finish(owner->stream);
}

static size_t pour_input(struct owner *owner, const char *bytes, size_t length)
{
	(void)bytes;
	pour(owner);
	return length;
}

static bool script_pour(struct scene *scene)
{
	static char piece[100000];
	size_t at = 0;
	ssize_t got;

	if (!peer_say(&scene->peer, "RETR 1\r\n"))
		return false;
	while ((got = peer_receive(&scene->peer, piece, sizeof(piece))) > 0) {
		for (ssize_t i = 0; i < got; i++, at++) {
			if ((unsigned char)piece[i] != octet(at))
				return false;
		}
	}
	return got == 0 && at == scene->octets;
}

static void test_pour(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct scene scene;

		scene_open(&scene, kinds[i].tls, kinds[i].tcp, kinds[i].buffers, 60);
		scene.octets = scene.owner.total = kinds[i].buffers ? 200000 : 4000000;
		scene.owner.input = pour_input;
		scene.owner.drained = pour;
		scene_peer(&scene, script_pour);
		assert_true(scene_run(&scene, is_gone, PATIENCE_MS));
		assert_true(scene.owner.drains > 0);
		scene_close(&scene);
	}
}

/* ---- STARTTLS ---- */

static size_t starttls_input(struct owner *owner, const char *bytes, size_t length)
{
	const char *end = memchr(bytes, '\n', length);

	if (!end)
		return 0;
	size_t used = (size_t)(end - bytes) + 1;
	buffer_add(&owner->seen, bytes, used);
	if (used == 10 && memcmp(bytes, "STARTTLS\r\n", 10) == 0) {
		stream_write(owner->stream, "220 go\r\n", 8);
		stream_start_tls(owner->stream, owner->tls);
		/* Written for the time after the handshake. */
		stream_write(owner->stream, "secret", 6);
	} else {
		stream_finish(owner->stream);
	}
	return used;
}

static bool script_injection(struct scene *scene)
{
	struct peer *peer = &scene->peer;
	char end;

	return peer_say(peer, "STARTTLS\r\nMAIL FROM:<evil@test>\r\nrset") &&
	       peer_expect(peer, "220 go\r\n") && peer_handshake(peer, NULL) &&
	       peer_expect(peer, "secret") && peer_say(peer, "EHLO x\r\n") &&
	       peer_receive(peer, &end, 1) == 0;
}

static void test_starttls_injection(void **state)
{
	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		struct scene scene;

		scene_open(&scene, false, tcp, 0, 60);
		scene.owner.input = starttls_input;
		scene_peer(&scene, script_injection);
		assert_true(scene_run(&scene, is_gone, PATIENCE_MS));
		assert_true(span_is(buffer_span(&scene.owner.seen), "STARTTLS\r\nEHLO x\r\n"));
		assert_int_equal(scene.owner.secured, 1);
		scene_close(&scene);
	}
}

/* Plaintext that arrives after the 220, before a handshake: never input, and no handshake either.
 */
static bool script_plain_after_220(struct scene *scene)
{
	struct peer *peer = &scene->peer;
	char rest[100];

	if (!peer_say(peer, "STARTTLS\r\n") || !peer_expect(peer, "220 go\r\n") ||
	    !peer_say(peer, "MAIL FROM:<evil@test>\r\n"))
		return false;
	while (peer_receive(peer, rest, sizeof(rest)) > 0)
		continue; /* an alert */
	return true;
}

static void test_starttls_plain(void **state)
{
	struct scene scene;

	(void)state;
	scene_open(&scene, false, true, 0, 60);
	scene.owner.input = starttls_input;
	scene_peer(&scene, script_plain_after_220);
	assert_true(scene_run(&scene, is_gone, PATIENCE_MS));
	assert_true(span_is(buffer_span(&scene.owner.seen), "STARTTLS\r\n"));
	assert_int_equal(scene.owner.secured, 0);
	scene_close(&scene);
}

/* ---- pausing ---- */

static size_t pausing_input(struct owner *owner, const char *bytes, size_t length)
{
	const char *end = memchr(bytes, '\n', length);

	if (!end)
		return 0;
	buffer_add(&owner->seen, bytes, (size_t)(end - bytes) + 1);
	stream_pause(owner->stream);
	return (size_t)(end - bytes) + 1;
}

/* The second half is said while the owner has paused, and all of it before it goes on. */
static bool script_pipeline(struct scene *scene)
{
	bool said = peer_say(&scene->peer, "a\nb\n");

	while (said && !atomic_load(&scene->heard))
		pause_ms(1);
	said = said && peer_say(&scene->peer, "c\nd");
	(void)shutdown(scene->peer.fd, SHUT_WR);
	atomic_store(&scene->told, true);
	return said;
}

static void scene_until_told(struct scene *scene)
{
	while (!atomic_load(&scene->told))
		scene_turns(scene, 5);
}

static bool has_heard_twice(struct owner *owner)
{
	return owner->inputs >= 2;
}

static bool has_heard_thrice(struct owner *owner)
{
	return owner->inputs >= 3;
}

static void test_pause(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct scene scene;

		scene_open(&scene, kinds[i].tls, kinds[i].tcp, 0, 60);
		scene.owner.input = pausing_input;
		scene_peer(&scene, script_pipeline);
		assert_true(scene_run(&scene, has_input, PATIENCE_MS));
		atomic_store(&scene.heard, true);
		scene_until_told(&scene);
		scene_turns(&scene, 20);
		assert_int_equal(scene.owner.inputs, 1);
		assert_int_equal(scene.owner.gone, 0);
		stream_resume(scene.owner.stream);
		assert_int_equal(scene.owner.inputs, 1); /* from the loop, not from here */
		assert_true(scene_run(&scene, has_heard_twice, PATIENCE_MS));
		scene_turns(&scene, 20);
		assert_int_equal(scene.owner.inputs, 2);
		assert_int_equal(stream_unread(scene.owner.stream) % 2, 0);
		stream_resume(scene.owner.stream);
		assert_true(scene_run(&scene, has_heard_thrice, PATIENCE_MS));
		scene_turns(&scene, 20);
		assert_true(span_is(buffer_span(&scene.owner.seen), "a\nb\nc\n"));
		assert_int_equal(scene.owner.gone, 0); /* the end is told after the last words */
		stream_resume(scene.owner.stream);
		assert_true(scene_run(&scene, is_gone, PATIENCE_MS));
		assert_string_equal(scene.owner.why, "closed by peer");
		scene_close(&scene);
	}
}

/* An owner that takes nothing does not make the stream grow. */
static size_t take_nothing(struct owner *owner, const char *bytes, size_t length)
{
	(void)owner;
	(void)bytes;
	(void)length;
	return 0;
}

#define FLOOD 200 /* times 64 KiB: more than sockets and a stream may hold together */

/* Until the owner has seen enough, and without ever getting all of it out. */
static bool script_flood(struct scene *scene)
{
	static char zeros[65536];
	size_t sent = 0;

	fcntl(scene->peer.fd, F_SETFL, O_NONBLOCK);
	while (!atomic_load(&scene->heard) && sent < FLOOD * sizeof(zeros)) {
		ssize_t n = send(scene->peer.fd, zeros, sizeof(zeros), MSG_NOSIGNAL);
		if (n > 0)
			sent += (size_t)n;
		else
			pause_ms(1);
	}
	atomic_store(&scene->told, true);
	return sent < FLOOD * sizeof(zeros);
}

static bool holds_much(struct owner *owner)
{
	return stream_unread(owner->stream) >= 64 * 1024;
}

static bool is_not_writable(struct owner *owner)
{
	return !stream_writable(owner->stream);
}

static void test_held_cap(void **state)
{
	struct scene scene;

	(void)state;
	scene_open(&scene, false, false, 64 * 1024, 60);
	scene.owner.input = take_nothing;
	scene_peer(&scene, script_flood);
	assert_true(scene_run(&scene, holds_much, PATIENCE_MS));
	scene_turns(&scene, 300);
	assert_true(stream_unread(scene.owner.stream) <= 128 * 1024);
	atomic_store(&scene.heard, true);
	scene_until_told(&scene);
	assert_in_range(stream_unread(scene.owner.stream), 64 * 1024, 128 * 1024);
	scene_close(&scene);
}

static size_t echo_count(struct owner *owner, const char *bytes, size_t length)
{
	stream_write(owner->stream, bytes, length);
	owner->total += length;
	return length;
}

/* Nor does a peer that asks and asks and never reads. */
static void test_unread_answers(void **state)
{
	struct scene scene;

	(void)state;
	scene_open(&scene, false, false, 64 * 1024, 60);
	scene.owner.input = echo_count;
	scene_peer(&scene, script_flood);
	assert_true(scene_run(&scene, is_not_writable, PATIENCE_MS));
	scene_turns(&scene, 300);
	atomic_store(&scene.heard, true);
	scene_until_told(&scene);
	assert_false(stream_writable(scene.owner.stream));
	assert_true(scene.owner.total < 1000000);
	scene_close(&scene);
}

/* ---- peers that go away ---- */

static bool close_at_once(struct scene *scene)
{
	peer_close(&scene->peer);
	return true;
}

static bool close_after_partial(struct scene *scene)
{
	bool ok = peer_say(&scene->peer, "half a li");

	peer_close(&scene->peer);
	return ok;
}

static bool close_reset(struct scene *scene)
{
	const struct linger reset = { .l_onoff = 1 };

	setsockopt(scene->peer.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	bool ok = peer_say(&scene->peer, "x\r\n");
	peer_close(&scene->peer);
	return ok;
}

static bool close_bye(struct scene *scene)
{
	bool ok = peer_say(&scene->peer, "x\r\n");

	if (scene->peer.session)
		gnutls_bye(scene->peer.session, GNUTLS_SHUT_WR);
	peer_close(&scene->peer);
	return ok;
}

static bool close_with_output_pending(struct scene *scene)
{
	bool ok = peer_say(&scene->peer, "RETR\r\n");

	pause_ms(30);
	peer_close(&scene->peer);
	return ok;
}

static void test_peer_closes(void **state)
{
	static bool (*const scripts[])(struct scene *) = { close_at_once, close_after_partial,
							   close_reset, close_bye,
							   close_with_output_pending };

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		for (size_t s = 0; s < sizeof(scripts) / sizeof(scripts[0]); s++) {
			struct scene scene;

			scene_open(&scene, kinds[i].tls, kinds[i].tcp, kinds[i].buffers, 60);
			scene.owner.total = 20000000;
			if (scripts[s] == close_with_output_pending) {
				scene.owner.input = pour_input;
				scene.owner.drained = pour;
			}
			scene_peer(&scene, scripts[s]);
			assert_true(scene_run(&scene, is_gone, PATIENCE_MS));
			assert_int_equal(scene.owner.gone, 1);
			/* What is called after the end does nothing. */
			stream_write(scene.owner.stream, "x", 1);
			stream_resume(scene.owner.stream);
			stream_finish(scene.owner.stream);
			scene_turns(&scene, 10);
			assert_int_equal(scene.owner.gone, 1);
			scene_close(&scene);
		}
	}
}

/* A client hello cut off after every so many octets, then silence or an end. */
static void test_handshake_cut(void **state)
{
	static const unsigned char hello[] = { 22, 3, 1, 0, 60, 1, 0, 0, 56, 3, 3, 1, 2, 3, 4 };

	(void)state;
	for (size_t length = 0; length <= sizeof(hello); length++) {
		struct scene scene;

		scene_open(&scene, false, true, 0, 60);
		stream_start_tls(scene.owner.stream, scene.owner.tls);
		assert_int_equal(send(scene.peer.fd, hello, length, 0), (ssize_t)length);
		scene_turns(&scene, 10);
		assert_int_equal(scene.owner.gone, 0);
		if (length % 2)
			peer_close(&scene.peer);
		else
			stream_finish(scene.owner.stream);
		assert_true(scene_run(&scene, is_gone, PATIENCE_MS));
		assert_int_equal(scene.owner.secured, 0);
		scene_close(&scene);
	}
}

/* ---- freeing inside calls ---- */

static size_t write_much(struct owner *owner, const char *bytes, size_t length)
{
	static char zeros[4 * STREAM_WATERMARK];

	(void)bytes;
	stream_write(owner->stream, zeros, sizeof(zeros));
	return length;
}

static bool script_anything(struct scene *scene)
{
	char piece[10000];

	peer_say(&scene->peer, "hello\r\nmore");
	while (peer_receive(&scene->peer, piece, sizeof(piece)) > 0)
		continue;
	return true;
}

static void test_free_inside(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		for (int place = IN_INPUT; place <= IN_GONE; place++) {
			struct scene scene;

			if (place == IN_IDLE || (place == IN_SECURED && !kinds[i].tls))
				continue;
			scene_open(&scene, kinds[i].tls, kinds[i].tcp, kinds[i].buffers, 60);
			scene.owner.free_in = (enum place)place;
			scene.owner.input = place == IN_DRAINED ? write_much : NULL;
			scene_peer(&scene,
				   place == IN_GONE ? close_after_partial : script_anything);
			assert_true(scene_run(&scene, is_freed, PATIENCE_MS));
			assert_int_equal(scene.owner.gone, place == IN_GONE);
			scene_close(&scene);
		}
	}
}

/* ---- time ---- */

#define WORDS 5

static _Atomic int64_t spoken[WORDS]; /* when the peer began to say each */

static bool script_wait(struct scene *scene)
{
	char end;

	/* Something every 300 ms for 1.5 s, then silence. */
	for (int i = 0; i < WORDS; i++) {
		atomic_store(&spoken[i], clock_ms());
		peer_say(&scene->peer, "x");
		pause_ms(300);
	}
	return peer_receive(&scene->peer, &end, 1) <= 0;
}

static size_t idle_input(struct owner *owner, const char *bytes, size_t length)
{
	buffer_add(&owner->seen, bytes, length);
	rival_set(owner, 1500);
	return length;
}

static bool is_idle(struct owner *owner)
{
	return owner->idles > 0;
}

/* Silence of a second, and it is noticed; a peer kept from speaking has been silent as well. */
static void idle_expect(struct scene *scene)
{
	size_t words;

	scene->owner.idles = 0;
	assert_true(scene_run(scene, is_idle, PATIENCE_MS));
	assert_int_equal(scene->owner.idles, 1);
	assert_int_equal(scene->owner.gone, 0);
	assert_false(scene->owner.late);
	words = buffer_used(&scene->owner.seen);
	assert_true(words == 0 || clock_ms() >= atomic_load(&spoken[words - 1]) + 1000);
	rival_set(&scene->owner, 1500);
}

static void test_idle(void **state)
{
	struct scene scene;
	int64_t before;

	(void)state;
	scene_open(&scene, false, true, 0, 1);
	scene.owner.input = idle_input;
	rival_set(&scene.owner, 1500);
	scene_peer(&scene, script_wait);
	do
		idle_expect(&scene);
	while (buffer_used(&scene.owner.seen) < WORDS);
	before = scene.turned;
	idle_expect(&scene);
	assert_true(clock_ms() >= before + 1000);
	stream_set_idle(scene.owner.stream, 0);
	scene.owner.idles = 0;
	scene_turns(&scene, 1200);
	assert_int_equal(scene.owner.idles, 0);
	stream_set_idle(scene.owner.stream, 1);
	scene.owner.free_in = IN_IDLE;
	assert_true(scene_run(&scene, is_freed, PATIENCE_MS));
	scene_close(&scene);
}

/* A peer that reads nothing is cut off ten seconds after stream_finish. */
static void test_finish_slow(void **state)
{
	struct scene scene;
	int64_t start = clock_ms();

	(void)state;
	scene_open(&scene, false, true, 4096, 60);
	write_much(&scene.owner, "", 0);
	stream_finish(scene.owner.stream);
	rival_set(&scene.owner, 11500);
	assert_true(scene_run(&scene, is_gone, PATIENCE_MS));
	assert_true(clock_ms() >= start + 9900);
	assert_false(scene.owner.late);
	assert_string_equal(scene.owner.why, "closed");
	scene_close(&scene);
}

/* ---- finishing while the peer still talks ---- */

static size_t refuse_input(struct owner *owner, const char *bytes, size_t length)
{
	(void)bytes;
	(void)length;
	stream_write(owner->stream, "421 enough\r\n", 12);
	stream_finish(owner->stream);
	return 4;
}

static bool script_talker(struct scene *scene)
{
	static char much[1500000];

	memset(much, 'a', sizeof(much));
	peer_send(&scene->peer, much, sizeof(much));
	bool ok = peer_expect(&scene->peer, "421 enough\r\n");
	peer_close(&scene->peer);
	return ok;
}

static void test_finish_talker(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct scene scene;

		scene_open(&scene, kinds[i].tls, kinds[i].tcp, 0, 60);
		scene.owner.input = refuse_input;
		scene_peer(&scene, script_talker);
		assert_true(scene_run(&scene, is_gone, PATIENCE_MS));
		assert_string_equal(scene.owner.why, "closed");
		assert_int_equal(scene.owner.inputs, 1);
		scene_close(&scene);
	}
}

/* ---- TLS details ---- */

static bool script_tls12(struct scene *scene)
{
	char end;
	bool ok = peer_handshake(&scene->peer, "NORMAL:-VERS-ALL:+VERS-TLS1.2") &&
		  peer_say(&scene->peer, "hi\r\n");

	/* A wish to renegotiate ends the connection. */
	if (ok && gnutls_rehandshake(scene->peer.session) == 0)
		(void)gnutls_handshake(scene->peer.session);
	while (ok && peer_receive(&scene->peer, &end, 1) > 0)
		continue;
	return ok;
}

static bool script_tls_old(struct scene *scene)
{
	return !peer_handshake(&scene->peer, "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0");
}

static void test_tls_versions(void **state)
{
	struct scene scene;

	(void)state;
	scene_open(&scene, false, true, 0, 60);
	stream_start_tls(scene.owner.stream, scene.owner.tls);
	scene_peer(&scene, script_tls12);
	assert_true(scene_run(&scene, is_secured, PATIENCE_MS));
	assert_string_equal(scene.owner.version, "TLS1.2");
	assert_true(scene_run(&scene, has_input, PATIENCE_MS));
	assert_true(span_is(buffer_span(&scene.owner.seen), "hi\r\n"));
	if (!scene.owner.gone)
		stream_finish(scene.owner.stream);
	scene_close(&scene);

	scene_open(&scene, false, true, 0, 60);
	stream_start_tls(scene.owner.stream, scene.owner.tls);
	scene_peer(&scene, script_tls_old);
	assert_true(scene_run(&scene, is_gone, PATIENCE_MS));
	assert_int_equal(scene.owner.secured, 0);
	scene_close(&scene);
}

/* The certificate is replaced while a session with the old one goes on. */
static void test_tls_reload(void **state)
{
	struct scene scene;

	(void)state;
	scene_open(&scene, true, true, 0, 60);
	tls_server_free(scene.owner.tls);
	scene.owner.tls = NULL;
	scene.owner.input = echo_lines;
	scene_peer(&scene, script_echo);
	assert_true(scene_run(&scene, is_gone, PATIENCE_MS));
	scene_close(&scene);
}

static int group_setup(void **state)
{
	(void)state;
	pem = pem_new();
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	pem_free(&pem);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),           cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_pour),           cmocka_unit_test(test_starttls_injection),
		cmocka_unit_test(test_starttls_plain), cmocka_unit_test(test_pause),
		cmocka_unit_test(test_held_cap),       cmocka_unit_test(test_unread_answers),
		cmocka_unit_test(test_peer_closes),    cmocka_unit_test(test_handshake_cut),
		cmocka_unit_test(test_free_inside),    cmocka_unit_test(test_idle),
		cmocka_unit_test(test_finish_slow),    cmocka_unit_test(test_finish_talker),
		cmocka_unit_test(test_tls_versions),   cmocka_unit_test(test_tls_reload),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
