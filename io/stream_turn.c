/* SPDX-License-Identifier: ISC */
#include "io/stream_private.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS_A_TURN 8 /* watermark-fuls sent to one peer before the others get their turn */

/* One loop a process, one read at a time: all streams share the memory they read into. */
static char scratch[2 * STREAM_SCRATCH];

/* ---- the end ---- */

void stream_gone(struct stream *stream, const char *why)
{
	if (stream->state == STREAM_GONE || stream->freed)
		return;
	stream->state = STREAM_GONE;
	stream_close(stream);
	buffer_wipe(&stream->input);
	buffer_clear(&stream->output);
	stream->calls->gone(stream->owner, why);
}

/* ---- input ---- */

static bool takes_input(const struct stream *stream)
{
	return !stream->freed && stream->state == STREAM_OPEN &&
	       (stream->layer == LAYER_PLAIN || stream->layer == LAYER_TLS);
}

static size_t owner_input(struct stream *stream, const char *bytes, size_t length)
{
	stream->offering = true;
	size_t used = stream->calls->input(stream->owner, bytes, length);
	stream->offering = false;
	return used < length ? used : length;
}

static void offer_held(struct stream *stream)
{
	enum stream_layer layer = stream->layer;
	size_t held = buffer_used(&stream->input);

	stream->offer_due = false;
	if (held == 0 || stream->paused || !takes_input(stream))
		return;
	size_t used = owner_input(stream, buffer_bytes(&stream->input), held);
	if (stream->freed)
		return;
	if (stream->state != STREAM_OPEN && used < held)
		stream->ignored_input = true;
	if (!takes_input(stream) || stream->layer != layer || used == held)
		buffer_wipe(&stream->input);
	else
		buffer_consume(&stream->input, used);
}

/* New input is offered where it lies; only what the owner leaves is copied. */
static void offer_new(struct stream *stream, const char *bytes, size_t length)
{
	enum stream_layer layer = stream->layer;

	if (buffer_used(&stream->input) > 0 || stream->paused) {
		buffer_add(&stream->input, bytes, length);
		offer_held(stream);
		return;
	}
	size_t used = owner_input(stream, bytes, length);
	if (stream->freed)
		return;
	if (stream->state != STREAM_OPEN && used < length)
		stream->ignored_input = true;
	if (takes_input(stream) && stream->layer == layer)
		buffer_add(&stream->input, bytes + used, length - used);
}

static ssize_t receive(struct stream *stream, char *to, size_t size)
{
	ssize_t got;

	do
		got = recv(stream->fd, to, size, 0);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		stream->ended = "closed by peer";
	else if (got < 0 && errno != EAGAIN)
		stream->ended = stream_errno_reason(errno);
	return got;
}

static void read_some(struct stream *stream)
{
	size_t length = 0;

	if (stream->layer == LAYER_TLS) {
		(void)stream_tls_read(stream, scratch, sizeof(scratch), &length);
	} else {
		ssize_t got = receive(stream, scratch, STREAM_SCRATCH);
		length = got > 0 ? (size_t)got : 0;
	}
	if (length == 0)
		return;
	stream->heard = clock_ms();
	offer_new(stream, scratch, length);
	memory_wipe(scratch, length);
}

static void handshake(struct stream *stream)
{
	const char *version, *cipher;
	enum stream_result result = stream_tls_handshake(stream);

	stream->handshake_writes = result == BLOCKED_WRITE;
	if (result != MOVED)
		return;
	stream->layer = LAYER_TLS;
	stream->heard = clock_ms();
	stream_tls_names(stream, &version, &cipher);
	if (stream->calls->secured)
		stream->calls->secured(stream->owner, version, cipher);
	/* The peer's first words may have come in the packet of its Finished. */
	if (takes_input(stream))
		read_some(stream);
}

/* Input that comes after stream_finish is thrown away; some of it, for a while. */
static void linger(struct stream *stream)
{
	ssize_t got = receive(stream, scratch, STREAM_SCRATCH);

	if (got > 0)
		stream->lingered += (size_t)got;
	if (stream->ended || stream->lingered > LINGER_MAX)
		stream_gone(stream, "closed");
}

/* ---- output ---- */

static enum stream_result write_plain(struct stream *stream)
{
	size_t length =
		stream->layer == LAYER_STARTING ? stream->plain_left : buffer_used(&stream->output);
	ssize_t sent;

	do
		sent = send(stream->fd, buffer_bytes(&stream->output), length, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno == EAGAIN)
		return BLOCKED_WRITE;
	if (sent < 0) {
		stream->ended = stream_errno_reason(errno);
		return ENDED;
	}
	buffer_consume(&stream->output, (size_t)sent);
	if (stream->layer == LAYER_STARTING)
		stream->plain_left -= (size_t)sent;
	stream->heard = clock_ms();
	return (size_t)sent < length ? BLOCKED_WRITE : MOVED;
}

/* What is written waits for the handshake, or for the connection. */
static bool is_holding(const struct stream *stream)
{
	return stream->layer == LAYER_HANDSHAKE || stream->layer == LAYER_CONNECTING;
}

static enum stream_result flush(struct stream *stream)
{
	enum stream_result result = MOVED;

	if (buffer_used(&stream->output) > 0 && !is_holding(stream))
		result =
			stream->layer == LAYER_TLS ? stream_tls_write(stream) : write_plain(stream);
	if (result == MOVED && stream->layer == LAYER_STARTING)
		stream->layer = LAYER_HANDSHAKE;
	if (buffer_used(&stream->output) == 0)
		buffer_clear(&stream->output);
	return result;
}

/* Sends, and lets the owner write more, for as long as the socket takes it. */
static enum stream_result send_some(struct stream *stream)
{
	for (int round = 0; round < ROUNDS_A_TURN; round++) {
		enum stream_result result = flush(stream);

		if (result == ENDED)
			return result;
		if (stream->over && stream_writable(stream) && stream->state == STREAM_OPEN) {
			stream->over = false;
			if (stream->calls->drained)
				stream->calls->drained(stream->owner);
			if (stream->freed)
				return ENDED;
		}
		if (result != MOVED || buffer_used(&stream->output) == 0)
			return result;
		if (is_holding(stream))
			return MOVED;
	}
	return BLOCKED_WRITE; /* not blocked, but the others wait */
}

/* True when all was said and the sending side is closed. */
static bool farewell(struct stream *stream)
{
	if (stream->layer == LAYER_TLS && !stream_tls_bye(stream))
		return false;
	(void)shutdown(stream->fd, SHUT_WR);
	return true;
}

/*
 * To close with unread input resets the connection, and the reset may overtake our
 * last reply (RFC 1122 section 4.2.2.13). So what is there is read first; a peer
 * that had nothing to say is closed at once.
 */
static void finish(struct stream *stream)
{
	if (is_holding(stream)) {
		stream_gone(stream, "closed");
		return;
	}
	/* In TLS there is a goodbye to say first; plain, to close says the same as to shut down. */
	bool said = stream->layer != LAYER_TLS || farewell(stream);
	if (!said)
		return;
	ssize_t got = receive(stream, scratch, STREAM_SCRATCH);
	if (stream->ended || (got < 0 && !stream->ignored_input)) {
		stream_gone(stream, "closed");
		return;
	}
	if (stream->layer != LAYER_TLS)
		(void)farewell(stream);
	stream->state = STREAM_LINGERING;
	stream->lingered = got > 0 ? (size_t)got : 0;
	stream_timer_set(stream, LINGER_SECONDS * 1000);
}

/* ---- events ---- */

static bool wants_read(const struct stream *stream)
{
	if (stream->state == STREAM_LINGERING)
		return true;
	if (stream->state != STREAM_OPEN || stream->ended)
		return false;
	switch (stream->layer) {
	case LAYER_STARTING:
	case LAYER_CONNECTING:
		return false;
	case LAYER_HANDSHAKE:
		return !stream->handshake_writes;
	default:
		/* A peer that asks without reading the answers must not make us hold them all. */
		return !stream->paused && stream_writable(stream) &&
		       buffer_used(&stream->input) < STREAM_HELD_MAX;
	}
}

static bool wants_write(const struct stream *stream)
{
	if (stream->state == STREAM_LINGERING)
		return false;
	if (stream->state == STREAM_FINISHING)
		return true; /* finished turns do not come here */
	if (stream->layer == LAYER_HANDSHAKE)
		return stream->handshake_writes;
	if (stream->layer == LAYER_CONNECTING)
		return !stream->ended;
	return buffer_used(&stream->output) > 0 || stream_tls_stalled(stream);
}

/* The reader is deleted only when it rings unwanted: mostly the peer waits for us and it never
 * does. */
static void events_set(struct stream *stream)
{
	bool write = wants_write(stream);

	if (!stream->reading && wants_read(stream)) {
		event_add(&stream->reader, NULL);
		stream->reading = true;
	}
	if (write != stream->writing) {
		if (write)
			event_add(&stream->writer, NULL);
		else
			event_del(&stream->writer);
		stream->writing = write;
	}
}

/* The peer's last words first: an owner that paused has not heard them all yet. */
static bool end_is_due(const struct stream *stream)
{
	if (!stream->ended || stream->state != STREAM_OPEN)
		return false;
	return is_holding(stream) || (!stream->paused && !stream->offer_due);
}

/* What every event ends with. */
static void settle(struct stream *stream)
{
	if (stream->freed || stream->state == STREAM_GONE)
		return;
	enum stream_result result = MOVED;
	if (stream->state != STREAM_LINGERING)
		result = send_some(stream);
	if (stream->freed)
		return;
	if (result == ENDED || end_is_due(stream)) {
		stream_gone(stream, stream->state == STREAM_OPEN ? stream->ended : "closed");
		return;
	}
	if (result == MOVED && stream->state == STREAM_FINISHING)
		finish(stream);
	if (stream->freed || stream->state == STREAM_GONE)
		return;
	events_set(stream);
	if (stream->offer_due && !stream->work_due) {
		stream->work_due = true;
		event_active(&stream->work, EV_TIMEOUT, 0);
	}
}

void stream_on_reader(evutil_socket_t fd, short what, void *context)
{
	struct stream *stream = context;

	(void)fd;
	(void)what;
	if (!wants_read(stream)) {
		event_del(&stream->reader);
		stream->reading = false;
		return;
	}
	stream_enter(stream);
	if (stream->state == STREAM_LINGERING)
		linger(stream);
	else if (stream->layer == LAYER_HANDSHAKE)
		handshake(stream);
	else
		read_some(stream);
	settle(stream);
	stream_leave(stream);
}

void stream_on_writer(evutil_socket_t fd, short what, void *context)
{
	struct stream *stream = context;

	(void)fd;
	(void)what;
	stream_enter(stream);
	if (stream->state == STREAM_OPEN && stream->layer == LAYER_CONNECTING)
		stream_connect_done(stream);
	else if (stream->state == STREAM_OPEN && stream->layer == LAYER_HANDSHAKE)
		handshake(stream);
	else if (stream->state == STREAM_OPEN && stream_tls_stalled(stream))
		read_some(stream);
	settle(stream);
	stream_leave(stream);
}

void stream_on_work(evutil_socket_t fd, short what, void *context)
{
	struct stream *stream = context;

	(void)fd;
	(void)what;
	stream->work_due = false;
	stream_enter(stream);
	if (stream->offer_due)
		offer_held(stream);
	settle(stream);
	stream_leave(stream);
}
