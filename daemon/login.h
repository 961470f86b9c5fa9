/* SPDX-License-Identifier: ISC */
/*
 * What SMTP and POP3 sessions have in common when people log in: which SASL
 * mechanisms a server offers, and an exchange carried from a connection to the
 * directory role and back.
 */
#ifndef DAEMON_LOGIN_H
#define DAEMON_LOGIN_H

#include "daemon/message_directory.h"
#include "io/packet.h"
#include "mail/mechanism.h"

struct conf;
struct conf_methods;
struct session;

#define LOGIN_MECHANISMS 8 /* in a list, its end included */

/* What `methods` permits, for a profile of an engine. */
void login_mechanisms(const struct conf_methods *methods, struct mechanism list[LOGIN_MECHANISMS]);
/* Server `number` as MESSAGE_MATERIAL counts them, with its default domain and "smtp" or "pop";
 * NULL: there is none. */
const struct conf_methods *login_methods(const struct conf *conf, uint32_t number,
					 const char **service, const char **default_domain);

struct login_exchange { /* of a session; zeroed before the first */
	bool begun;
	uint32_t handle; /* the frontend's number for it */
};

/*
 * Asks the directory role what to say to the client's message; the answer is a
 * struct message_turn. False: there is no directory role now. *ask is for channel_forget.
 */
bool login_ask_exchange(struct session *session, struct login_exchange *exchange,
			const struct mechanism_message *message, channel_answer answer,
			void *context, uint32_t *ask);
/* What came; a turn with AUTH_TEMPORARY when there was no answer. True: another response is wanted.
 */
bool login_exchange_more(struct login_exchange *exchange, enum channel_result result,
			 const struct packet *packet, struct message_turn *turn);
/* The client has shown a certificate that is vouched for. */
bool login_certificate(const struct session *session);
/* The client goes on with something else, or away; nothing to do when none has begun. */
void login_drop_exchange(struct session *session, struct login_exchange *exchange);

#endif
