/* SPDX-License-Identifier: ISC */
/* What the mechanisms of auth/client_login.h share. Only they include this. */
#ifndef AUTH_CLIENT_PRIVATE_H
#define AUTH_CLIENT_PRIVATE_H

#include "auth/client_login.h"
#include "base/buffer.h"
#include "conf/conf.h"

#define CLIENT_SECRET_MAX (64 * 1024) /* octets of a password, or of a token */

struct client_gss;
struct scram_client;

struct client_mechanism {
	const char *name;
	enum conf_login_out how;
	bool in_plain; /* may be used without TLS */
	bool acts;     /* can say for whom: an authorization identity */
	bool bound;    /* only where the connection has a channel binding */
	enum outcome (*first)(struct client_login *login, struct client_login_turn *turn,
			      struct buffer *response);
	enum outcome (*next)(struct client_login *login, struct span challenge,
			     struct client_login_turn *turn, struct buffer *response);
};

struct client_login {
	struct client_logins *logins;
	const struct client_mechanism *mechanism;
	const struct conf_login *conf;
	char service[8], host[256], authzid[324];
	unsigned turns;
	char *end_point, *exporter;
	size_t end_point_length, exporter_length;
	char *secret; /* password or token; NULL = none read */
	size_t secret_length;
	struct scram_client *scram;
	struct client_gss *gss;
};

/* outcome, after turn->text was written. */
enum outcome client_say(struct client_login_turn *turn, enum outcome outcome, const char *format,
			...) __attribute__((format(printf, 3, 4)));
/* The first line of the login's password file; read each time, so that a new password counts. */
enum outcome client_read_password(struct client_login *login, struct client_login_turn *turn);
/* The first line of a file, for wiping; NULL with errno (EINVAL: it is empty, or too long). */
char *client_read_line(const char *file, size_t *length);

/* The mechanisms. */
enum outcome client_plain_first(struct client_login *login, struct client_login_turn *turn,
				struct buffer *response);
enum outcome client_login_first(struct client_login *login, struct client_login_turn *turn,
				struct buffer *response);
enum outcome client_login_answer(struct client_login *login, struct span challenge,
				 struct client_login_turn *turn, struct buffer *response);
enum outcome client_oauth_first(struct client_login *login, struct client_login_turn *turn,
				struct buffer *response);
enum outcome client_oauth_next(struct client_login *login, struct span challenge,
			       struct client_login_turn *turn, struct buffer *response);
enum outcome client_scram_first(struct client_login *login, struct client_login_turn *turn,
				struct buffer *response);
enum outcome client_scram_next(struct client_login *login, struct span challenge,
			       struct client_login_turn *turn, struct buffer *response);
enum outcome client_gss_first(struct client_login *login, struct client_login_turn *turn,
			      struct buffer *response);
enum outcome client_gss_next(struct client_login *login, struct span challenge,
			     struct client_login_turn *turn, struct buffer *response);
void client_gss_free(struct client_gss *gss);

/* What all exchanges share. */
struct client_tickets; /* client_tickets.c: the machine's Kerberos identity */
struct oauth_tokens;   /* oauth.h */
struct client_tickets *client_tickets_open(const struct conf *conf, char *why, size_t size);
void client_tickets_free(struct client_tickets *tickets);
/*
 * Makes sure of a ticket and makes it the calling thread's, which keeps the tickets until
 * client_tickets_leave. TEMP or PERM with the reason; then there is nothing to leave.
 */
enum outcome client_tickets_use(struct client_tickets *tickets, struct client_login_turn *turn);
void client_tickets_leave(struct client_tickets *tickets);

struct client_tickets *client_logins_tickets(struct client_logins *logins);
struct oauth_tokens *client_logins_tokens(struct client_logins *logins);

#endif
