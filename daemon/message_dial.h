/* SPDX-License-Identifier: ISC */
/*
 * A connection that a frontend needs and cannot make, since it may not connect: the relay role
 * makes it and hands the socket over. For POP3 sessions of who has the mailbox at another server; the
 * login's answer says which. The relay connects to POP3's port alone, as the configuration of
 * `pop3_proxy` says, whatever a frontend asks for.
 */
#ifndef DAEMON_MESSAGE_DIAL_H
#define DAEMON_MESSAGE_DIAL_H

#include "base/outcome.h"
#include "daemon/message.h"

struct message_dial {
	char host[256]; /* name or numeric address */
	uint16_t port;
	char session[SESSION_SIZE];
};

struct message_dialled {
	enum outcome outcome; /* OK: the descriptor is a connected TCP socket, not blocking */
	char address[64];     /* whom it is connected to */
	char text[160];       /* else why, for the log */
};

void message_put_dial(struct wire_writer *writer, const struct message_dial *dial);
bool message_get_dial(struct span body, struct message_dial *dial);
void message_put_dialled(struct wire_writer *writer, const struct message_dialled *dialled);
bool message_get_dialled(struct span body, struct message_dialled *dialled);

#endif
