/* SPDX-License-Identifier: ISC */
#include "frontend/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "frontend/frontend.h"
#include "frontend/recheck.h"
#include "frontend/servers.h"

void session_init(struct session *session, struct port *port, int fd, const char *address,
		  bool counted, const struct stream_calls *calls)
{
	struct frontend *frontend = port->server->frontend;
	const struct message_start *start = &frontend->begin->start;

	session->frontend = frontend;
	session->port = port;
	session->next = frontend->sessions;
	session->place = &frontend->sessions;
	if (session->next)
		session->next->place = &session->next;
	frontend->sessions = session;
	frontend->sessions_count++;
	span_copy(span_text(address), session->address, sizeof session->address);
	session->counted = counted;
	/* Unique over processes and reloads: seconds, who, and a count. */
	snprintf(session->id, sizeof session->id, "%08llx%02x%06x",
		 (unsigned long long)clock_unix() & 0xffffffff,
		 (start->generation * 16 + start->index % 16) & 0xff,
		 ++frontend->serial & 0xffffff);
	session->stream =
		stream_new(frontend->base, fd, calls, session, port->server->idle_timeout);
}

void session_free(struct session *session)
{
	struct frontend *frontend = session->frontend;

	session_drop_exchange(session);
	recheck_forget(session);
	*session->place = session->next;
	if (session->next)
		session->next->place = session->place;
	frontend->sessions_count--;
	if (session->counted)
		server_uncount(session->port->server, session->address);
	stream_free(session->stream);
	free(session);
	servers_make_room(frontend);
	frontend_leave_if_done(frontend);
}

void session_ask(struct session *session, struct channel *channel, enum message_kind kind,
		 const struct wire_writer *writer, int fd, unsigned deadline, channel_answer done)
{
	session->asked = channel;
	session->ask = channel_ask(channel, (uint16_t)kind, span_make(writer->at, writer->used), fd,
				   deadline, done, session);
}

void session_answered(struct session *session)
{
	session->asked = NULL;
}

void session_unask(struct session *session)
{
	if (session->asked)
		channel_forget(session->asked, session->ask);
	session->asked = NULL;
}

void session_write(void *owner, const char *bytes, size_t length)
{
	stream_write(((struct session *)owner)->stream, bytes, length);
}

bool session_writable(void *owner)
{
	return stream_writable(((struct session *)owner)->stream);
}

void session_start_tls(void *owner)
{
	struct session *session = owner;

	stream_start_tls(session->stream, session->port->server->tls);
}

void session_drop_exchange(void *owner)
{
	session_unask(owner);
	login_drop_exchange(owner);
}
