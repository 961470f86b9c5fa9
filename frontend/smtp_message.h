/* SPDX-License-Identifier: ISC */
/*
 * One message of an SMTP session on its way to the store: a fresh spool file, the body
 * written into it, and the file handed over with its recipients' tickets. Only the
 * store's answer makes 250.
 */
#ifndef FRONTEND_SMTP_MESSAGE_H
#define FRONTEND_SMTP_MESSAGE_H

#include "base/buffer.h"
#include "daemon/message.h"

struct envelope;
struct smtp_delivery;
struct smtp_session;

struct smtp_message {
	int spool;          /* -1 = none */
	struct buffer body; /* not yet in the spool file */
	bool body_failed;
	unsigned messages;        /* of the session, so far */
	struct buffer to;         /* the recipients of the message being delivered, for the log */
	char label[SESSION_SIZE]; /* the message's name in logs and in its reply */
	uint64_t size, sent;              /* of that message, as struct smtp_delivery has them */
	const struct envelope *delivered; /* of that message; NULL = none */
};

/* Both end in smtp_session_answer, at once or later. */
void smtp_message_begin(struct smtp_session *smtp);
void smtp_message_commit(struct smtp_session *smtp, const struct smtp_delivery *delivery);
/* False: it could not be written, and commit will say so. */
bool smtp_message_body(struct smtp_session *smtp, const char *bytes, size_t length);
/* The file, what was not yet in it, and whom it was for. */
void smtp_message_drop(struct smtp_message *message);

#endif
