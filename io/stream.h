/* SPDX-License-Identifier: ISC */
/*
 * A connection to a stranger on a libevent loop, plain or TLS, the same few
 * events either way. Input buffers exist only while there is unread input and
 * output buffers only while there is unsent output: an idle plain stream costs
 * one small struct. Never blocks, never calls back from inside stream_write.
 */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct stream;
struct tls_server;

#define STREAM_WATERMARK (64 * 1024) /* unsent octets above which stream_writable says no */

struct stream_calls {
	/* Input is there: take some with a return of how much was used. What is left is offered again with the
	 * next input, or by stream_resume. Not called while paused; nothing is read either while more than
	 * STREAM_WATERMARK octets are unsent, or as many are held unread. */
	size_t (*input)(void *owner, const char *bytes, size_t length);
	/* Unsent output fell under the watermark after having been over it. */
	void (*drained)(void *owner);
	/* stream_connect: the connection is there. NULL for streams that are not made so. */
	void (*connected)(void *owner);
	/* The handshake that stream_start_tls or stream_start_tls_client began is done. */
	void (*secured)(void *owner, const char *version, const char *cipher);
	/* Nothing was heard or sent for the idle time. The stream stays open. */
	void (*idle)(void *owner);
	/* The peer closed, the network failed, or the handshake did; why is static text. The stream is still to be freed. */
	void (*gone)(void *owner, const char *why);
};

/* Takes over fd (non-blocking). idle_seconds 0 = no limit. */
struct stream *stream_new(struct event_base *base, int fd, const struct stream_calls *calls, void *owner,
			  unsigned idle_seconds);
/* Closes at once. Safe inside any call of its own; none comes afterwards. */
void stream_free(struct stream *stream);
/* Starts TLS as a server. Unread input is thrown away (RFC 3207 section 6), unsent output goes first, plain. */
void stream_start_tls(struct stream *stream, struct tls_server *tls);
/*
 * Connects to address (IPv4 as ::ffff:a.b.c.d), from `source` if not NULL (same form); `connected` of the calls, or
 * `gone` with "connection refused" and the like, at most connect_seconds later. NULL with errno: no socket.
 */
struct stream *stream_connect(struct event_base *base, const unsigned char address[16], uint16_t port,
			      const unsigned char *source, unsigned connect_seconds, const struct stream_calls *calls,
			      void *owner, unsigned idle_seconds);
/* Starts TLS as a client, as stream_start_tls does; `gone` says in words when the certificate is not good enough.
 * The wish is copied. */
struct tls_client;
struct tls_wish;
void stream_start_tls_client(struct stream *stream, struct tls_client *tls, const struct tls_wish *wish);
bool stream_secure(const struct stream *stream);
/* TLS is on and the certificate was what a wish other than TLS_ANY demands. */
bool stream_verified(const struct stream *stream);

enum stream_binding { STREAM_END_POINT /* tls-server-end-point, RFC 5929 */, STREAM_EXPORTER /* RFC 9266 */ };
#define STREAM_BINDING_MAX 64
/* Octets that both ends of this TLS connection know and nobody in between can bring about; 0: there are none. */
size_t stream_binding(const struct stream *stream, enum stream_binding kind, char to[STREAM_BINDING_MAX]);
/*
 * The certificates the client has shown, in PEM form, its own first: it has proved to have the key, and an authority of
 * tls_server_ask_clients vouches for it now. Length; 0: there is none, or it does not fit.
 */
size_t stream_certificate(const struct stream *stream, char *to, size_t size);

/* Queues; sends at the end of the current event, so that many writes become one packet. */
void stream_write(struct stream *stream, const void *bytes, size_t length);
bool stream_writable(const struct stream *stream);
int stream_descriptor(const struct stream *stream); /* stays the stream's */
size_t stream_unread(const struct stream *stream); /* input octets held for the owner */
void stream_pause(struct stream *stream);  /* stop reading and offering (an ask is outstanding) */
void stream_resume(struct stream *stream); /* offer what is held, read on; the offer comes from the loop */
/* Sends what is queued, says goodbye in TLS, closes; then `gone` with "closed". Input is ignored from here;
 * a peer that does not take the rest within ten seconds is cut off. */
void stream_finish(struct stream *stream);
void stream_set_idle(struct stream *stream, unsigned seconds);

#endif
