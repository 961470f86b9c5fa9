/* SPDX-License-Identifier: ISC */
/*
 * Our own logins at other servers (RFC 4954, the client's side): the mechanism is chosen
 * from what the server offers and what the configuration wants, and each message of
 * the exchange is made here, where the secrets are. PLAIN, LOGIN, SCRAM-SHA-256 and
 * -PLUS, GSSAPI with a directory's keytab, NTLM, XOAUTH2. Blocks; one exchange is
 * for one thread at a time, different ones for as many as there are.
 */
#ifndef AUTH_CLIENT_LOGIN_H
#define AUTH_CLIENT_LOGIN_H

#include "base/outcome.h"
#include "base/span.h"

#define CLIENT_LOGIN_TEXT 400

struct buffer;
struct conf;
struct conf_login;
struct client_login;  /* one exchange */
struct client_logins; /* what all have in common: keytabs, tokens */

struct client_login_ask { /* copied */
	const struct conf_login *login;
	const char *service;    /* "smtp" or "pop", likewise */
	const char *authzid;    /* to act as: only mechanisms that can say so are chosen; "" = nobody */
	const char *host;       /* whom we are connected to, for the service principal */
	const char *mechanisms; /* "PLAIN LOGIN XOAUTH2", any case */
	bool tls;               /* the connection is encrypted: passwords and tokens may go */
	struct span end_point;  /* channel bindings, as in auth/exchange.h; empty = none */
	struct span exporter;
};

struct client_login_turn {
	const char *mechanism;        /* that was chosen */
	bool has_response;            /* false: the server is to speak first */
	char text[CLIENT_LOGIN_TEXT]; /* of TEMP and PERM: what is wrong, what to do; no secret */
};

/* While there are privileges; NULL with the reason. */
struct client_logins *client_logins_open(const struct conf *conf, char *why, size_t size);
void client_logins_free(struct client_logins *logins);

/*
 * TEMP: no token, no ticket, a file that cannot be read now. PERM: nothing the server offers will
 * do. Otherwise *login is for client_login_free, and `response` holds the first message.
 */
enum outcome client_login_begin(struct client_logins *logins, const struct client_login_ask *ask,
				struct client_login **login, struct client_login_turn *turn,
				struct buffer *response);
/* What the server said behind 334, decoded. */
enum outcome client_login_next(struct client_login *login, struct span challenge,
			       struct client_login_turn *turn, struct buffer *response);
/* The server did not take it. A token that was in it is not shown again. */
void client_login_refused(struct client_login *login);
void client_login_free(struct client_login *login); /* wipes */

#endif
