/* SPDX-License-Identifier: ISC */
/*
 * A stranger's connection, whatever it speaks: its stream, its place among the
 * frontend's, its limits, and the one ask of another role that may be outstanding.
 * The protocol's own struct begins with it and gives it what differs.
 */
#ifndef FRONTEND_SESSION_H
#define FRONTEND_SESSION_H

#include "frontend/login.h"
#include "io/packet.h"
#include "io/stream.h"

struct frontend;
struct port;
struct watched;
struct wire_writer;

/* An OPEN is waited for long: giving it up would leave a maildrop locked that nobody closes. */
enum { ASK_DIRECTORY_MS = 26000, ASK_STORE_MS = 60000, ASK_OPEN_MS = 600000 };

struct session {
	struct frontend *frontend;
	struct port *port;
	struct stream *stream;
	struct session *next, **place;
	void (*free)(struct session *session); /* the protocol's part; then session_free */
	void (*shutdown)(
		struct session *session);       /* say goodbye as soon as nothing is lost by it */
	void (*expel)(struct session *session); /* the account may not log in any more */
	/* Of a login that was asked about (frontend/login.h): its end, or what the client is to be
	 * told first. */
	void (*decide)(struct session *session, const struct message_identity *identity);
	void (*challenge)(struct session *session, struct span challenge);
	struct channel *asked; /* the channel of the outstanding ask; NULL = none */
	uint32_t ask;
	struct login_exchange exchange;
	struct watched *watched; /* frontend/recheck.h; NULL = nobody has logged in */
	char address[46];
	char id[SESSION_SIZE];
	bool counted; /* against the limits: not when it is there to be refused only */
};

void session_init(struct session *session, struct port *port, int fd, const char *address,
		  bool counted, const struct stream_calls *calls);
void session_free(struct session *session); /* closes, forgets, frees the memory */

/* `done` is called with the session, and calls session_answered before anything else. fd -1 = none.
 */
void session_ask(struct session *session, struct channel *channel, enum message_kind kind,
		 const struct wire_writer *writer, int fd, unsigned deadline, channel_answer done);
void session_answered(struct session *session); /* the answer has come, or will not come */
void session_unask(
	struct session *session); /* nobody waits for it any more; nothing to do without an ask */

/* Calls that every engine makes of its owner, which is the session. */
void session_write(void *owner, const char *bytes, size_t length);
bool session_writable(void *owner);
void session_start_tls(void *owner);
void session_drop_exchange(void *owner); /* what was asked about it too */

#endif
