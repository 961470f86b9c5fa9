/* SPDX-License-Identifier: ISC */
/*
 * A login of ours on a connection that goes out: the messages of the exchange are made
 * by the directory role (daemon/message_client.h), and carried from here.
 */
#ifndef DAEMON_OUTGOING_LOGIN_H
#define DAEMON_OUTGOING_LOGIN_H

#include "base/outcome.h"
#include "daemon/outgoing_session.h"

typedef void (*outgoing_login_turn)(void *context, enum outcome outcome, const char *mechanism,
				    bool has_response, struct span response, const char *text);

struct outgoing_login {
	outgoing_login_turn turn;
	void *context;
	struct channel **directory;
	struct channel *asked; /* NULL: no question is open */
	uint32_t ask, handle;
	bool under_way; /* the directory role may have something to forget */
};

void outgoing_login_init(struct outgoing_login *login, outgoing_login_turn turn, void *context);
/* The answer is told by `turn`, from inside this call when the role is away. */
void outgoing_login_ask(struct outgoing_login *login, const struct outgoing_way *way,
			const struct stream *stream, bool first,
			const struct smtp_client_offer *offer, struct span challenge);
bool outgoing_login_under_way(const struct outgoing_login *login);
/* Over: forgets all there is. refused: the server said so. */
void outgoing_login_drop(struct outgoing_login *login, bool refused);

#endif
