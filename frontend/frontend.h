/* SPDX-License-Identifier: ISC */
/*
 * The frontend role: an event loop that owns strangers' connections and nothing
 * else. It joins a stream to an engine, and an engine's asks to the channels of
 * the directory and store roles (frontend/session.h). Here is what its sessions have
 * in common: the servers, the ports, and the roles that can be asked now.
 */
#ifndef FRONTEND_FRONTEND_H
#define FRONTEND_FRONTEND_H

#include "conf/conf.h"
#include "daemon/login_methods.h"
#include "daemon/role.h"
#include "gateway/smtp_server.h"
#include "pop3/pop3_server.h"

struct event_base;
struct frontend;
struct channel;
struct listener;
struct recheck;
struct session;
struct table;
struct tally;
struct tls_client;
struct tls_server;

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
	struct channel *control, *directory, *store, *resolver, *relay; /* NULL while that role is away */
	unsigned store_epoch;			     /* counts the store's lives: handles do not outlive one */
	struct server *servers;
	size_t servers_count;
	struct table *routes;	 /* address -> struct route_answer, for its good_for seconds */
	struct tls_client *proxy_tls; /* for hosts of pop3_proxy; NULL: there is no such section */
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

/* Leaves the event loop when it is retiring and the last session has ended. */
void frontend_leave_if_done(struct frontend *frontend);

#endif
