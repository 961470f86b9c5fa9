/* SPDX-License-Identifier: ISC */
/*
 * What SMTP and POP3 sessions have in common when people log in: a password, or an
 * exchange of several messages, carried from a connection to the directory role. What
 * comes back goes to the session's calls decide and challenge, never from inside a
 * function of this header.
 */
#ifndef FRONTEND_LOGIN_H
#define FRONTEND_LOGIN_H

#include "base/outcome.h"
#include "daemon/message_directory.h"
#include "mail/mechanism.h"

struct session;

struct login_exchange { /* of a session; zeroed before the first */
	bool begun;
	uint32_t handle; /* the frontend's number for it */
};

/* OK: asked, and the packet's copy of the password is wiped. TEMP: there is no directory role now.
 * PERM: a text is longer than anything real. */
enum outcome login_ask(struct session *session, const char *user, const char *authzid,
		       const char *password);
/* Asks what to say to the client's message. False: there is no directory role now. */
bool login_ask_exchange(struct session *session, const struct mechanism_message *message);
/* The client goes on with something else, or away; nothing to do when none has begun. */
void login_drop_exchange(struct session *session);
/* The client has shown a certificate that is vouched for. */
bool login_certificate(const struct session *session);

#endif
