/* SPDX-License-Identifier: ISC */
#include "daemon/outgoing_session.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/outgoing_body.h"
#include "daemon/outgoing_session_private.h"
#include "io/stream.h"

static struct outgoing_session *of(void *owner)
{
	return owner;
}

enum { HANDSHAKE_SECONDS = 60 };

/* ---- around every call of the engine ---- */

void outgoing_session_enter(struct outgoing_session *session)
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
void outgoing_session_leave(struct outgoing_session *session)
{
	if (--session->depth > 0)
		return;
	session_pump(session);
	if (session->handshake && !session->deadline && !session->over)
		outgoing_session_patience(session,
					  HANDSHAKE_SECONDS); /* the engine waits for us there */
	if (!session->over || session->told)
		return;
	session->told = true;
	session->calls->ended(session->owner, session->end, &session->why);
}

/* ---- the engine's side ---- */

static void do_write(void *owner, const char *bytes, size_t length)
{
	if (of(owner)->stream)
		stream_write(of(owner)->stream, bytes, length);
}

void outgoing_session_start_tls(void *owner)
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

	outgoing_login_drop(&session->login, false);
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
	if (why->code / 100 == 5)
		outgoing_login_drop(&session->login, true);
}

static const struct smtp_client_calls engine_calls = {
	.write = do_write,
	.start_tls = outgoing_session_start_tls,
	.ask_login = do_ask_login,
	.ready = do_ready,
	.ask_body = do_ask_body,
	.result = do_result,
	.sent = do_sent,
	.ended = do_ended,
	.patience = outgoing_session_patience,
};

/* The directory role's turn of a login. */
static void on_login(void *context, enum outcome outcome, const char *mechanism, bool has_response,
		     struct span response, const char *text)
{
	struct outgoing_session *session = context;

	if (session->over)
		return;
	outgoing_session_enter(session);
	smtp_client_respond(session->engine, outcome, mechanism, has_response, response, text);
	outgoing_session_leave(session);
}

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
	outgoing_session_timer(session);
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
					 &outgoing_stream_calls, session, 0);
	if (session->stream)
		return session;
	outgoing_session_free(session);
	return NULL;
}

void outgoing_session_free(struct outgoing_session *session)
{
	if (!session)
		return;
	outgoing_login_drop(&session->login, false);
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
	outgoing_session_enter(session);
	smtp_client_send(session->engine, message);
	outgoing_session_leave(session);
}

void outgoing_session_quit(struct outgoing_session *session)
{
	outgoing_session_enter(session);
	smtp_client_quit(session->engine);
	outgoing_session_leave(session);
}

void outgoing_session_cut(struct outgoing_session *session, const char *why)
{
	outgoing_session_lost(session, why);
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
