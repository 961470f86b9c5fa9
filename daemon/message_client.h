/* SPDX-License-Identifier: ISC */
/*
 * A login of ours at another server: the directory role has the password, the keytab
 * or the token, and makes the messages of the exchange; who holds the connection only
 * carries them. The rules of daemon/message.h hold.
 */
#ifndef DAEMON_MESSAGE_CLIENT_H
#define DAEMON_MESSAGE_CLIENT_H

#include "base/outcome.h"
#include "daemon/message.h"

struct message_client {
	uint32_t handle; /* the asker's own number for the exchange, used once */
	uint8_t first;
	uint8_t drop;    /* forget it; no answer */
	uint8_t refused; /* with drop: the server did not take the login */
	/* With the first: whose login (of the configuration) and what the peer offers. */
	char remote[256]; /* name of the section `remote`; "" = the outbound login of `server` */
	char server[64];
	struct span elsewhere; /* frontend only, and then neither of them: auth/elsewhere.h; the login
				  is that of pop3_proxy, made to act as whom the ticket names */
	char host[256];        /* we are connected to; for the service principal */
	char mechanisms[512];  /* as in EHLO: "PLAIN LOGIN XOAUTH2" */
	uint8_t tls;           /* the connection is encrypted, and the certificate verified: 2 */
	struct span end_point; /* channel bindings, as in struct message_exchange; empty = none */
	struct span exporter;
	struct span challenge; /* decoded; with the first empty */
};

struct message_client_turn {
	enum outcome outcome; /* TEMP: no token, no ticket, the directory role is not able now;
				 PERM: cannot be (no mechanism in common, no TLS for a password):
				 text says what to do */
	char mechanism[24];   /* with the first */
	uint8_t has_response; /* an initial response, maybe empty; later always 1 */
	char text[400];       /* for the log and the report; no secret */
	struct span response; /* not yet base64 */
};

void message_put_client(struct wire_writer *writer, const struct message_client *ask);
bool message_get_client(struct span body, struct message_client *ask);
void message_put_client_turn(struct wire_writer *writer, const struct message_client_turn *turn);
bool message_get_client_turn(struct span body, struct message_client_turn *turn);

#endif
