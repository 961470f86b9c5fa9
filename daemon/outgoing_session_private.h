/* SPDX-License-Identifier: ISC */
/*
 * The inside of an outgoing session: outgoing_session.c has the engine's calls and the
 * owner's, outgoing_stream.c what comes from the stream and the clock.
 */
#ifndef DAEMON_OUTGOING_SESSION_PRIVATE_H
#define DAEMON_OUTGOING_SESSION_PRIVATE_H

#include <event2/event_struct.h>

#include "daemon/outgoing_login.h"
#include "daemon/outgoing_session.h"
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

/* Around every call of the engine: when the outermost one has returned, the body and the end. */
void outgoing_session_enter(struct outgoing_session *session);
void outgoing_session_leave(struct outgoing_session *session);
void outgoing_session_start_tls(void *session);
void outgoing_session_timer(struct outgoing_session *session); /* makes it */
void outgoing_session_patience(void *session, unsigned seconds);
void outgoing_session_lost(struct outgoing_session *session, const char *why);
extern const struct stream_calls outgoing_stream_calls;

#endif
