/* SPDX-License-Identifier: ISC */
/*
 * One POP3 connection: a stream on one side, the engine in the middle, the roles on
 * the other. What its parts share.
 */
#ifndef FRONTEND_POP3_SESSION_H
#define FRONTEND_POP3_SESSION_H

#include "daemon/listing.h"
#include "frontend/pop3_fetch.h"
#include "frontend/pop3_proxy.h"
#include "frontend/pop3_remove.h"
#include "frontend/session.h"
#include "pop3/pop3_server.h"

struct opening;

struct pop3_session {
	struct session session; /* first */
	struct pop3_server *engine;
	bool feeding;            /* the engine is taking input */
	struct opening *opening; /* the outstanding MESSAGE_OPEN */
	bool has_maildrop;
	uint32_t handle;      /* of the maildrop, at the store */
	unsigned store_epoch; /* the store's life that the handle belongs to */
	struct listing listing;
	struct pop3_fetch fetch;
	struct pop3_remove remove;
	char who[324];
	struct pop3_secret *secret; /* NULL: none is needed any more */
	struct pop3_proxy *proxy;   /* NULL: the mailbox is here, or nobody has logged in */
};

/* refuse: why nobody is served, or NULL. fd is the callee's. */
void pop3_session_start(struct port *port, int fd, const char *address, const char *refuse);

extern const char pop3_session_temporary[]; /* the text of every temporary failure */
/* In the engine's ask it answers that; goes on reading when the engine wants more. */
void pop3_session_refuse(struct pop3_session *pop3, enum pop3_code code, const char *text);
void pop3_session_pace(struct pop3_session *pop3);
/* The store that locked the maildrop is still the one we talk to. */
bool pop3_session_has_store(const struct pop3_session *pop3);

#endif
