/* SPDX-License-Identifier: ISC */
/*
 * The inside of a stream: stream.c holds the calls of the owner, stream_turn.c what
 * one event does (read, offer, send, finish), stream_tls.c the TLS below that.
 *
 * Every event handler runs between stream_enter and stream_leave. The owner may free
 * the stream in any call; descriptor and events go at once, memory with the last leave.
 */
#ifndef IO_STREAM_PRIVATE_H
#define IO_STREAM_PRIVATE_H

#include "base/buffer.h"
#include "io/stream.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#define STREAM_SCRATCH  (64 * 1024)
#define STREAM_HELD_MAX (64 * 1024) /* an owner that leaves more than this unread gets no more */
#define FINISH_SECONDS  10
#define LINGER_SECONDS  2
#define LINGER_MAX      (4 * 1024 * 1024)

struct stream_tls;

enum stream_state {
	STREAM_OPEN,
	STREAM_FINISHING, /* sending what is left */
	STREAM_LINGERING, /* sending side closed; reading what the peer still sends, to throw it
			     away */
	STREAM_GONE       /* closed, the owner was told */
};

enum stream_layer {
	LAYER_PLAIN,
	LAYER_STARTING, /* `plain_left` octets of output go first */
	LAYER_HANDSHAKE,
	LAYER_TLS,
	LAYER_CONNECTING /* of stream_connect */
};

enum stream_result { MOVED, BLOCKED_READ, BLOCKED_WRITE, ENDED };

struct stream {
	struct event reader, writer;
	struct event work;  /* made active by hand: things asked for outside our own events */
	struct event timer; /* idle, then finish, then linger */
	const struct stream_calls *calls;
	void *owner;
	struct stream_tls *tls;
	char *words;	   /* what `ended` points to, if it was made for the occasion */
	const char *ended; /* why, once the peer closed or failed; told when its input was taken */
	struct buffer input, output;
	int64_t heard; /* clock_ms of the last octet in or out */
	int64_t limit; /* clock_ms when the peer is cut off while finishing */
	size_t plain_left, lingered;
	int fd;
	unsigned idle_seconds;
	unsigned depth;
	enum stream_state state;
	enum stream_layer layer;
	bool freed, paused, offering, offer_due, work_due;
	bool reading, writing; /* the events are added */
	bool handshake_writes; /* it waits for room, not for input */
	bool over;             /* the output passed the watermark */
	bool ignored_input;    /* while finishing: closing now would reset the connection */
};

/* stream.c */
void stream_enter(struct stream *stream);
void stream_leave(struct stream *stream);
void stream_work_later(struct stream *stream);
void stream_timer_set(struct stream *stream, int64_t milliseconds);
void stream_close(struct stream *stream); /* descriptor, events, TLS; no call */

/* stream_turn.c */
void stream_on_reader(evutil_socket_t fd, short what, void *context);
void stream_on_writer(evutil_socket_t fd, short what, void *context);
void stream_on_work(evutil_socket_t fd, short what, void *context);
void stream_gone(struct stream *stream, const char *why);

/* stream_connect.c */
void stream_connect_done(struct stream *stream); /* the socket has become writable */
const char *stream_errno_reason(int error);	 /* static */

/* stream_tls.c; the results ENDED leave the reason in stream->ended */
struct stream_tls *stream_tls_new(struct stream *stream, struct tls_server *server);
struct tls_client;
struct tls_wish;
struct stream_tls *stream_tls_new_client(struct stream *stream, struct tls_client *client,
					 const struct tls_wish *wish);
bool stream_tls_verified(const struct stream *stream);
void stream_tls_free(struct stream_tls *tls, bool secured);
enum stream_result stream_tls_handshake(struct stream *stream);
void stream_tls_names(const struct stream *stream, const char **version, const char **cipher);
/* Takes all there is, up to `size`; *got may be > 0 with every result. */
enum stream_result stream_tls_read(struct stream *stream, char *to, size_t size, size_t *got);
enum stream_result stream_tls_write(struct stream *stream); /* from stream->output */
bool stream_tls_bye(struct stream *stream);                 /* false: no room yet */
bool stream_tls_stalled(
	const struct stream *stream); /* input kept back until there is room to send */

#endif
