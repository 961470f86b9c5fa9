/* SPDX-License-Identifier: ISC */
/*
 * One SMTP connection: a stream on one side, the engine in the middle, the roles on
 * the other. What its parts share.
 */
#ifndef FRONTEND_SMTP_SESSION_H
#define FRONTEND_SMTP_SESSION_H

#include "frontend/session.h"
#include "frontend/smtp_message.h"
#include "frontend/smtp_names.h"
#include "frontend/smtp_recipients.h"
#include "frontend/smtp_sender.h"
#include "frontend/smtp_trigger.h"
#include "frontend/smtp_turned.h"
#include "gateway/smtp_server.h"

struct smtp_session {
	struct session session; /* first */
	struct smtp_server *engine;
	bool feeding; /* the engine is taking input */
	const struct envelope *envelope; /* of the transaction; NULL: there is none */
	struct smtp_sender sender;
	struct smtp_recipients recipients;
	struct smtp_message message;
	struct smtp_names names;
	struct smtp_trigger trigger;
	struct smtp_turned *turned; /* ATRN; NULL: not asked for */
};

/* refuse: why nobody is served, or NULL. fd is the callee's. */
void smtp_session_start(struct port *port, int fd, const char *address, const char *refuse);

/* To the engine's ask; goes on reading when the engine wants more. reply: NULL = the usual. */
void smtp_session_answer(struct smtp_session *smtp, enum outcome outcome,
			 const struct smtp_reply *reply);

#endif
