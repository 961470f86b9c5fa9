/* SPDX-License-Identifier: ISC */
/* What comes to a session from its stream, and from the clock. */
#include <event2/event.h>
#include <stdio.h>

#include "base/clock.h"
#include "daemon/outgoing_session_private.h"

void outgoing_session_lost(struct outgoing_session *session, const char *why)
{
	if (session->over)
		return;
	outgoing_session_enter(session);
	smtp_client_lost(session->engine, why);
	outgoing_session_leave(session);
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
		outgoing_session_lost(session, text);
	}
}

void outgoing_session_timer(struct outgoing_session *session)
{
	event_assign(&session->timer, session->way->base, -1, 0, on_timer, session);
}

/* The timer is moved only when it would come too late: the end of nearly every wait costs nothing.
 */
void outgoing_session_patience(void *owner, unsigned seconds)
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

/* ---- the stream's side ---- */

size_t outgoing_session_input(void *context, const char *bytes, size_t length)
{
	struct outgoing_session *session = context;

	if (session->over)
		return length;
	outgoing_session_enter(session);
	smtp_client_feed(session->engine, bytes, length);
	outgoing_session_leave(session);
	return length;
}

void outgoing_session_drained(void *context)
{
	struct outgoing_session *session = context;

	if (session->over)
		return;
	if (session->deadline) /* the peer takes what we send */
		outgoing_session_patience(session, session->patience);
	outgoing_session_enter(session);
	outgoing_session_leave(session);
}

void outgoing_session_connected(void *context)
{
	struct outgoing_session *session = context;

	session->connected = true;
	outgoing_session_enter(session);
	if (session->way->profile.secure)
		outgoing_session_start_tls(session);
	else
		smtp_client_connected(session->engine);
	outgoing_session_leave(session);
}

void outgoing_session_secured(void *context, const char *version, const char *cipher)
{
	struct outgoing_session *session = context;

	(void)cipher;
	session->handshake = false;
	span_copy(span_text(version), session->tls, sizeof session->tls);
	outgoing_session_enter(session);
	if (session->way->profile.secure)
		smtp_client_connected(session->engine);
	else
		smtp_client_secured(session->engine);
	outgoing_session_leave(session);
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
	outgoing_session_lost(session, text);
}

const struct stream_calls outgoing_stream_calls = {
	.input = outgoing_session_input,
	.drained = outgoing_session_drained,
	.connected = outgoing_session_connected,
	.secured = outgoing_session_secured,
	.gone = outgoing_session_gone,
};
