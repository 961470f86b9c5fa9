/* SPDX-License-Identifier: ISC */
/*
 * The frontend role: an event loop that owns strangers' connections and nothing
 * else. It joins a stream to an engine, and an engine's asks to the channels of
 * the directory and store roles.
 */
#ifndef DAEMON_FRONTEND_H
#define DAEMON_FRONTEND_H

#include "conf/conf.h"
#include "daemon/login.h"
#include "daemon/recheck.h"
#include "daemon/role.h"
#include "gateway/smtp_server.h"
#include "io/packet.h"
#include "io/stream.h"
#include "pop3/pop3_server.h"

struct event_base;
struct frontend;
struct listener;
struct table;
struct tally;
struct tls_server;

/* An OPEN is waited for long: giving it up would leave a maildrop locked that nobody closes. */
enum { ASK_DIRECTORY_MS = 26000, ASK_STORE_MS = 60000, ASK_OPEN_MS = 600000 };

/* Spool files held ready: one more comes with a delivery's answer, so that DATA costs no question. */
enum { SPOOLS_MAX = 16 };

struct server { /* an SMTP virtual server, or POP3 */
	struct frontend *frontend;
	const struct conf_smtp *smtp; /* NULL: POP3 */
	const char *name;
	struct span certificate, key; /* until loaded */
	struct span authorities; /* of clients' certificates; until loaded, likewise */
	struct tls_server *tls;
	bool asks_clients;
	unsigned limit, address_limit; /* 0 = none */
	unsigned idle_timeout;
	struct port *ports;
	size_t ports_count;
};

struct port { /* one listener of a server */
	struct server *server;
	const struct conf_listen *conf;
	struct mechanism mechanisms[LOGIN_MECHANISMS];
	struct smtp_profile smtp;
	struct pop3_profile pop3;
	struct listener *listener;
};

struct frontend {
	struct event_base *base;
	const struct role_start *begin;
	const struct conf *conf;
	struct channel *control, *directory, *store; /* NULL while that role is away */
	unsigned store_epoch;			     /* counts the store's lives: handles do not outlive one */
	struct server *servers;
	size_t servers_count;
	struct table *routes;	 /* address -> struct route_answer, for its good_for seconds */
	struct recheck *recheck; /* sessions with a login; NULL before the first */
	struct tally *tally;	 /* connections now open, here and in the other frontends */
	int spools[SPOOLS_MAX]; /* fresh files for messages to come, from whichever store */
	unsigned spools_count;
	struct session *sessions;
	size_t sessions_count, sessions_max; /* so many as there are descriptors for */
	bool full;
	uint32_t serial;
	uint32_t exchanges; /* numbers given to exchanges with the directory role */
	size_t materials; /* what has not come yet: the tally, and a certificate and key for each server with TLS */
	bool retiring, draining;
};

/* What a connection is, whatever it speaks. The protocol's own struct begins with it. */
struct session {
	struct frontend *frontend;
	struct port *port;
	struct stream *stream;
	struct session *next, **place;
	void (*free)(struct session *session); /* the protocol's part; then session_free */
	void (*shutdown)(struct session *session); /* say goodbye as soon as nothing is lost by it */
	void (*expel)(struct session *session); /* the account may not log in any more */
	struct watched *watched;		/* daemon/recheck.h; NULL = nobody has logged in */
	char address[46];
	char id[SESSION_SIZE];
	bool counted; /* against the limits: not when it is there to be refused only */
};

void session_init(struct session *session, struct port *port, int fd, const char *address, bool counted,
		  const struct stream_calls *calls);
void session_free(struct session *session); /* closes, forgets, frees the memory */

void smtp_session_start(struct port *port, int fd, const char *address, const char *refuse);
void pop3_session_start(struct port *port, int fd, const char *address, const char *refuse);

/* Puts the login both protocols send together; the caller wipes it. False: a text is longer than anything real. */
bool session_login(const struct session *session, const char *service, const char *user, const char *authzid,
		   const char *password, const char *default_domain, struct message_login *login);
/* Asks the directory role; the packet's copy of the password is wiped. */
uint32_t session_ask_login(struct session *session, const struct message_login *login, channel_answer answer,
			   void *context);

#endif
