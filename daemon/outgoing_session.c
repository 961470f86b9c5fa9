/* SPDX-License-Identifier: ISC */
#include "daemon/outgoing_session.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/outgoing_body.h"
#include "daemon/outgoing_login.h"
#include "io/stream.h"

struct outgoing_session {
	const struct outgoing_way *way;
	const struct outgoing_calls *calls;
	void *owner;
	struct stream *stream;
	bool own_stream, connected;
	struct smtp_client *engine;
	struct outgoing_login login;
	struct event timer;
	int64_t deadline, timer_at; /* clock_ms; 0 = none */
	unsigned patience;          /* told last, in seconds */
	const struct outgoing_body *body;
	uint64_t body_at;
	size_t body_left; /* octets the engine waits for */
	char tls[24];
	bool handshake; /* begun, not done */
	bool login_failed;
	unsigned depth; /* of calls of the engine */
	bool over, told;
	enum smtp_client_end end;
	struct smtp_client_reply why;
};

static struct outgoing_session *of(void *owner)
{
	return owner;
}

enum { HANDSHAKE_SECONDS = 60 };

static void do_patience(void *owner, unsigned seconds);

/* ---- around every call of the engine ---- */

static void session_enter(struct outgoing_session *session)
{
	session->depth++;
}

/* Gives the engine of the body what the stream has room for. */
static void session_pump(struct outgoing_session *session)
{
	static char piece[OUTGOING_PIECE];

	while (!session->over && session->body_left && stream_writable(session->stream)) {
		size_t want = session->body_left < sizeof piece ? session->body_left : sizeof piece;
		ssize_t count = outgoing_body_read(session->body, session->body_at, piece, want);

		session->depth++;
		if (count <= 0) {
			session->body_left = 0;
			smtp_client_body_failed(session->engine);
		} else {
			session->body_at += (uint64_t)count;
			session->body_left -= (size_t)count;
			smtp_client_body(session->engine, piece, (size_t)count);
		}
		session->depth--;
	}
}

/* The owner is told of the end when the engine is in no call any more: then he may free. */
static void session_leave(struct outgoing_session *session)
{
	if (--session->depth > 0)
		return;
	session_pump(session);
	if (session->handshake && !session->deadline && !session->over)
		do_patience(session, HANDSHAKE_SECONDS); /* the engine waits for us there */
	if (!session->over || session->told)
		return;
	session->told = true;
	session->calls->ended(session->owner, session->end, &session->why);
}

static void session_lost(struct outgoing_session *session, const char *why)
{
	if (session->over)
		return;
	session_enter(session);
	smtp_client_lost(session->engine, why);
	session_leave(session);
}

/* ---- patience ---- */

static void timer_arm(struct outgoing_session *session, int64_t now)
{
	int64_t left = session->deadline - now;
	struct timeval after = { left / 1000, left % 1000 * 1000 };

	session->timer_at = session->deadline;
	evtimer_add(&session->timer, &after);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct outgoing_session *session = context;
	int64_t now = clock_ms();
	char text[128];

	(void)fd;
	(void)what;
	session->timer_at = 0;
	if (session->deadline > now) {
		timer_arm(session, now);
	} else if (session->deadline) {
		snprintf(text, sizeof text, "no answer for %u seconds (%s)", session->patience,
			 smtp_client_doing(session->engine));
		session_lost(session, text);
	}
}

/* The timer is moved only when it would come too late: the end of nearly every wait costs nothing.
 */
static void do_patience(void *owner, unsigned seconds)
{
	struct outgoing_session *session = owner;
	unsigned most = session->way->patience;
	int64_t now;

	session->patience = most && most < seconds ? most : seconds;
	if (!seconds) {
		session->deadline = 0;
		return;
	}
	now = clock_ms();
	session->deadline = now + session->patience * (int64_t)1000;
	if (!session->timer_at || session->timer_at > session->deadline)
		timer_arm(session, now);
}

/* ---- the engine's side ---- */

static void do_write(void *owner, const char *bytes, size_t length)
{
	if (of(owner)->stream)
		stream_write(of(owner)->stream, bytes, length);
}

static void do_start_tls(void *owner)
{
	struct outgoing_session *session = owner;

	session->handshake = true;
	stream_start_tls_client(session->stream, session->way->tls, &session->way->wish);
}

static void do_ask_login(void *owner, bool first, const struct smtp_client_offer *offer,
			 struct span challenge)
{
	struct outgoing_session *session = owner;

	outgoing_login_ask(&session->login, session->way, session->stream, first, offer, challenge);
}

static void do_ready(void *owner)
{
	struct outgoing_session *session = owner;

	outgoing_login_drop(&session->login);
	session->calls->ready(session->owner);
}

static void do_ask_body(void *owner, uint64_t offset, size_t length)
{
	of(owner)->body_at = offset;
	of(owner)->body_left = length;
}

static void do_result(void *owner, size_t recipient, enum outcome outcome,
		      const struct smtp_client_reply *reply)
{
	of(owner)->calls->result(of(owner)->owner, recipient, outcome, reply);
}

static void do_sent(void *owner)
{
	struct outgoing_session *session = owner;

	session->body_left = 0;
	session->body = NULL;
	session->calls->sent(session->owner);
}

static void do_ended(void *owner, enum smtp_client_end end, const struct smtp_client_reply *why)
{
	struct outgoing_session *session = owner;

	session->over = true;
	session->body_left = 0;
	session->end = end;
	session->why = *why;
	session->deadline = 0;
	session->login_failed = outgoing_login_under_way(&session->login);
}

static const struct smtp_client_calls engine_calls = {
	.write = do_write,
	.start_tls = do_start_tls,
	.ask_login = do_ask_login,
	.ready = do_ready,
	.ask_body = do_ask_body,
	.result = do_result,
	.sent = do_sent,
	.ended = do_ended,
	.patience = do_patience,
};

/* The directory role's turn of a login. */
static void on_login(void *context, enum outcome outcome, const char *mechanism, bool has_response,
		     struct span response, const char *text)
{
	struct outgoing_session *session = context;

	if (session->over)
		return;
	session_enter(session);
	smtp_client_respond(session->engine, outcome, mechanism, has_response, response, text);
	session_leave(session);
}

/* ---- the stream's side ---- */

size_t outgoing_session_input(void *context, const char *bytes, size_t length)
{
	struct outgoing_session *session = context;

	if (session->over)
		return length;
	session_enter(session);
	smtp_client_feed(session->engine, bytes, length);
	session_leave(session);
	return length;
}

void outgoing_session_drained(void *context)
{
	struct outgoing_session *session = context;

	if (session->over)
		return;
	if (session->deadline) /* the peer takes what we send */
		do_patience(session, session->patience);
	session_enter(session);
	session_leave(session);
}

void outgoing_session_connected(void *context)
{
	struct outgoing_session *session = context;

	session->connected = true;
	session_enter(session);
	if (session->way->profile.secure)
		do_start_tls(session);
	else
		smtp_client_connected(session->engine);
	session_leave(session);
}

void outgoing_session_secured(void *context, const char *version, const char *cipher)
{
	struct outgoing_session *session = context;

	(void)cipher;
	session->handshake = false;
	span_copy(span_text(version), session->tls, sizeof session->tls);
	session_enter(session);
	if (session->way->profile.secure)
		smtp_client_connected(session->engine);
	else
		smtp_client_secured(session->engine);
	session_leave(session);
}

void outgoing_session_gone(void *context, const char *why)
{
	struct outgoing_session *session = context;
	char text[400];

	if (!session->connected)
		snprintf(text, sizeof text, "cannot connect: %s", why);
	else if (session->handshake)
		snprintf(text, sizeof text, "TLS: %s", why);
	else
		snprintf(text, sizeof text, "connection lost (%s) while waiting for: %s", why,
			 smtp_client_doing(session->engine));
	session_lost(session, text);
}

static const struct stream_calls stream_calls = {
	.input = outgoing_session_input,
	.drained = outgoing_session_drained,
	.connected = outgoing_session_connected,
	.secured = outgoing_session_secured,
	.gone = outgoing_session_gone,
};

/* ---- the owner's side ---- */

struct outgoing_session *outgoing_session_new(const struct outgoing_way *way, struct stream *stream,
					      const struct outgoing_calls *calls, void *owner)
{
	struct outgoing_session *session = memory_new(sizeof *session);

	session->way = way;
	session->calls = calls;
	session->owner = owner;
	session->stream = stream;
	outgoing_login_init(&session->login, on_login, session);
	event_assign(&session->timer, way->base, -1, 0, on_timer, session);
	session->engine = smtp_client_new(&way->profile, &engine_calls, session);
	return session;
}

struct outgoing_session *outgoing_session_connect(const struct outgoing_way *way,
						  const unsigned char address[16], uint16_t port,
						  unsigned connect_seconds,
						  const struct outgoing_calls *calls, void *owner)
{
	struct outgoing_session *session = outgoing_session_new(way, NULL, calls, owner);

	session->own_stream = true;
	session->stream = stream_connect(way->base, address, port, NULL, connect_seconds,
					 &stream_calls, session, 0);
	if (session->stream)
		return session;
	outgoing_session_free(session);
	return NULL;
}

void outgoing_session_free(struct outgoing_session *session)
{
	if (!session)
		return;
	outgoing_login_drop(&session->login);
	event_del(&session->timer);
	if (session->own_stream && session->stream)
		stream_free(session->stream);
	smtp_client_free(session->engine);
	free(session);
}

void outgoing_session_send(struct outgoing_session *session,
			   const struct smtp_client_message *message,
			   const struct outgoing_body *body)
{
	session->body = body;
	session_enter(session);
	smtp_client_send(session->engine, message);
	session_leave(session);
}

void outgoing_session_quit(struct outgoing_session *session)
{
	session_enter(session);
	smtp_client_quit(session->engine);
	session_leave(session);
}

void outgoing_session_cut(struct outgoing_session *session, const char *why)
{
	session_lost(session, why);
}

const struct smtp_client_offer *outgoing_session_offered(const struct outgoing_session *session)
{
	return smtp_client_offered(session->engine);
}

const char *outgoing_session_doing(const struct outgoing_session *session)
{
	return smtp_client_doing(session->engine);
}

const char *outgoing_session_tls(const struct outgoing_session *session)
{
	return session->tls;
}

bool outgoing_session_verified(const struct outgoing_session *session)
{
	return session->stream && session->tls[0] && stream_verified(session->stream);
}

bool outgoing_session_tls_failed(const struct outgoing_session *session)
{
	return session->handshake;
}

bool outgoing_session_login_failed(const struct outgoing_session *session)
{
	return session->login_failed;
}
