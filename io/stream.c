/* SPDX-License-Identifier: ISC */
#include "io/stream_private.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- life ---- */

void stream_enter(struct stream *stream)
{
	stream->depth++;
}

void stream_leave(struct stream *stream)
{
	if (--stream->depth > 0 || !stream->freed)
		return;
	buffer_wipe(&stream->input); /* passwords pass through here */
	buffer_clear(&stream->output);
	free(stream->words);
	free(stream);
}

void stream_close(struct stream *stream)
{
	if (stream->fd < 0)
		return;
	event_del(&stream->reader);
	event_del(&stream->writer);
	event_del(&stream->work);
	event_del(&stream->timer);
	stream->reading = stream->writing = stream->work_due = false;
	stream_tls_free(stream->tls, stream->layer == LAYER_TLS);
	stream->tls = NULL;
	close(stream->fd);
	stream->fd = -1;
}

void stream_free(struct stream *stream)
{
	if (!stream || stream->freed)
		return;
	stream_enter(stream);
	stream->freed = true;
	stream_close(stream);
	stream_leave(stream);
}

void stream_work_later(struct stream *stream)
{
	/* Inside our own events the same things are looked at when the owner has returned. */
	if (stream->depth > 0 || stream->work_due || stream->state == STREAM_GONE)
		return;
	stream->work_due = true;
	event_active(&stream->work, EV_TIMEOUT, 0);
}

/* ---- the timer ---- */

/*
 * Most timers of a process run for one of a few durations; libevent keeps those in
 * queues, so that 50,000 of them cost no heap. The timer is not touched by traffic:
 * it finds out when it rings how long ago the last was, and runs for the rest.
 */
void stream_timer_set(struct stream *stream, int64_t milliseconds)
{
	struct timeval duration = { .tv_sec = milliseconds / 1000,
				    .tv_usec = milliseconds % 1000 * 1000 };
	const struct timeval *common = NULL;

	event_del(&stream->timer);
	if (milliseconds <= 0)
		return;
	if (duration.tv_usec == 0)
		common = event_base_init_common_timeout(event_get_base(&stream->timer), &duration);
	event_add(&stream->timer, common ? common : &duration);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct stream *stream = context;
	int64_t now = clock_ms();
	int64_t whole = (int64_t)stream->idle_seconds * 1000;

	(void)fd;
	(void)what;
	stream_enter(stream);
	if (stream->state != STREAM_OPEN) {
		stream_gone(stream, "closed");
	} else if (stream->layer == LAYER_CONNECTING) {
		stream_gone(stream, "connection timed out");
	} else if (now - stream->heard < whole) {
		/* One more than the rest, lest rounding lets it ring again at once. */
		stream_timer_set(stream, whole - (now - stream->heard) + 1);
	} else {
		stream->heard = now;
		stream_timer_set(stream, whole);
		if (stream->calls->idle)
			stream->calls->idle(stream->owner);
		if (!stream->freed)
			stream_on_work(-1, 0, stream);
	}
	stream_leave(stream);
}

void stream_set_idle(struct stream *stream, unsigned seconds)
{
	if (stream->idle_seconds == seconds || stream->state != STREAM_OPEN)
		return;
	stream->idle_seconds = seconds;
	stream->heard = clock_ms();
	/* Until it is connected the timer is that of the connection. */
	if (stream->layer != LAYER_CONNECTING)
		stream_timer_set(stream, (int64_t)seconds * 1000);
}

/* ---- the owner's calls ---- */

struct stream *stream_new(struct event_base *base, int fd, const struct stream_calls *calls,
			  void *owner, unsigned idle_seconds)
{
	struct stream *stream = memory_new(sizeof(*stream));

	stream->fd = fd;
	stream->calls = calls;
	stream->owner = owner;
	stream->idle_seconds = idle_seconds;
	stream->heard = clock_ms();
	event_assign(&stream->reader, base, fd, EV_READ | EV_PERSIST, stream_on_reader, stream);
	event_assign(&stream->writer, base, fd, EV_WRITE | EV_PERSIST, stream_on_writer, stream);
	event_assign(&stream->work, base, -1, 0, stream_on_work, stream);
	event_assign(&stream->timer, base, -1, 0, on_timer, stream);
	event_add(&stream->reader, NULL);
	stream->reading = true;
	stream_timer_set(stream, (int64_t)idle_seconds * 1000);
	return stream;
}

/* RFC 3207 section 4.2: what came before the handshake must not count after it. */
static bool forget_plain(struct stream *stream)
{
	if (stream->state != STREAM_OPEN || stream->layer != LAYER_PLAIN)
		return false;
	if (!stream->offering)
		buffer_wipe(&stream->input);
	stream->offer_due = false;
	stream->plain_left = buffer_used(&stream->output);
	stream->layer = stream->plain_left ? LAYER_STARTING : LAYER_HANDSHAKE;
	return true;
}

void stream_start_tls(struct stream *stream, struct tls_server *tls)
{
	if (!forget_plain(stream))
		return;
	stream->tls = stream_tls_new(stream, tls);
	stream_work_later(stream);
}

void stream_start_tls_client(struct stream *stream, struct tls_client *tls,
			     const struct tls_wish *wish)
{
	if (!forget_plain(stream))
		return;
	stream->tls = stream_tls_new_client(stream, tls, wish);
	stream->handshake_writes = true; /* a client speaks first */
	stream_work_later(stream);
}

bool stream_secure(const struct stream *stream)
{
	return stream->layer == LAYER_TLS;
}

void stream_write(struct stream *stream, const void *bytes, size_t length)
{
	if (stream->state != STREAM_OPEN || length == 0)
		return;
	buffer_add(&stream->output, bytes, length);
	if (!stream_writable(stream))
		stream->over = true;
	stream_work_later(stream);
}

bool stream_writable(const struct stream *stream)
{
	return buffer_used(&stream->output) <= STREAM_WATERMARK;
}

int stream_descriptor(const struct stream *stream)
{
	return stream->fd;
}

size_t stream_unread(const struct stream *stream)
{
	return buffer_used(&stream->input);
}

void stream_pause(struct stream *stream)
{
	stream->paused = true;
}

void stream_resume(struct stream *stream)
{
	if (stream->state != STREAM_OPEN)
		return;
	stream->paused = false;
	stream->offer_due = stream->offering || buffer_used(&stream->input) > 0;
	/* With nothing held and the reader still added, there is nothing to do. */
	if (stream->offer_due || stream->ended || !stream->reading)
		stream_work_later(stream);
}

void stream_finish(struct stream *stream)
{
	if (stream->state != STREAM_OPEN)
		return;
	stream->state = STREAM_FINISHING;
	/* While input is being offered, how much of it is left is known only afterwards. */
	stream->ignored_input = !stream->offering && buffer_used(&stream->input) > 0;
	stream_timer_set(stream, FINISH_SECONDS * 1000);
	stream_work_later(stream);
}
