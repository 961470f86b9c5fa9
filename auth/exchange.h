/* SPDX-License-Identifier: ISC */
/*
 * A login in several messages (SASL, RFC 4422): GSSAPI, GSS-SPNEGO, NTLM, EXTERNAL,
 * and SCRAM from stored keys. Cyrus SASL is behind all but the last, and is seen by nobody else. No security layer is ever
 * agreed on: what protects the session is TLS. Blocks; one exchange is for one
 * thread at a time, different ones for as many as there are.
 */
#ifndef AUTH_EXCHANGE_H
#define AUTH_EXCHANGE_H

#include "auth/auth.h"
#include "base/span.h"

struct buffer;
struct exchange;
struct exchanges;

#define EXCHANGE_TOKEN_MAX (48 * 1024) /* octets of one message, either way */

struct exchange_ask {               /* copied */
	const char *service;        /* "smtp" or "pop" */
	const char *mechanism;      /* as RFC 4422 writes it */
	const char *default_domain; /* as in struct auth_ask, and the next two */
	const char *client;
	const char *session;
	bool tls;
	bool bound;            /* channel bindings are required */
	bool ntlm;             /* may be negotiated inside GSS-SPNEGO */
	struct span end_point; /* tls-server-end-point (RFC 5929), the octets; empty = none */
	struct span exporter;  /* tls-exporter (RFC 9266); empty = none */
	struct span
		certificate;   /* the client's chain, PEM; the client has proved to have the key */
	const char *client_ca; /* file of those who may vouch for it */
	const struct conf_methods *methods; /* of the server; the configuration's, not copied */
};

enum exchange_step {
	EXCHANGE_MORE, /* the challenge goes out, the client's response comes to exchange_next */
	EXCHANGE_OVER  /* `answer` is what auth_login would say */
};

/* What all exchanges share: keytabs in memory. While there are privileges, before threads; NULL
 * with the reason. */
struct exchanges *exchanges_open(const struct conf *conf, char *room, size_t size);
void exchanges_start(struct exchanges *exchanges); /* privileges are dropped */
void exchanges_free(struct exchanges *exchanges);

struct exchange *exchange_new(struct exchanges *exchanges, struct auth *auth,
			      const struct exchange_ask *ask);
void exchange_free(struct exchange *exchange);
const char *exchange_session(const struct exchange *exchange); /* that it was begun in */
/* The client's first message, then each of its responses. `challenge` may stay empty, and go out
 * so. */
enum exchange_step exchange_next(struct exchange *exchange, struct span response,
				 struct buffer *challenge, struct auth_answer *answer);

#endif
