/* SPDX-License-Identifier: ISC */
/*
 * A connection that a frontend needs and cannot make, since it may not connect: the relay role
 * makes it and hands the socket over. For POP3 sessions of who has the mailbox at another server.
 * Where to is not the frontend's word: it shows a ticket that the login's answer brought, and the
 * relay, which has no key, asks the directory role where that leads (MESSAGE_ELSEWHERE). The port is
 * that of section `pop3_proxy`. The rules of daemon/message.h hold.
 */
#ifndef DAEMON_MESSAGE_DIAL_H
#define DAEMON_MESSAGE_DIAL_H

#include "auth/elsewhere.h"
#include "base/outcome.h"
#include "daemon/message.h"

struct message_dial {
	struct span ticket; /* auth/elsewhere.h */
	char session[SESSION_SIZE];
};

struct message_dialled {
	enum outcome outcome; /* OK: the descriptor is a connected TCP socket, not blocking */
	char address[64];     /* whom it is connected to */
	char text[160];       /* else why, for the log */
};

struct message_dial_host {
	enum outcome outcome; /* PERM: no ticket of ours, or too old a one */
	char host[256];
	char text[160]; /* why not */
};

void message_put_dial(struct wire_writer *writer, const struct message_dial *dial);
bool message_get_dial(struct span body, struct message_dial *dial);
void message_put_dialled(struct wire_writer *writer, const struct message_dialled *dialled);
bool message_get_dialled(struct span body, struct message_dialled *dialled);
void message_put_dial_host(struct wire_writer *writer, const struct message_dial_host *host);
bool message_get_dial_host(struct span body, struct message_dial_host *host);

#endif
