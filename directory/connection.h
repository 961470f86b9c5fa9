/* SPDX-License-Identifier: ISC */
/*
 * One LDAP connection: connected by us with a deadline, then given to libldap;
 * protocol 3, referrals never followed, names never looked up backwards. TLS
 * always checks the certificate and the name. Every call ends by its deadline:
 * the watchdog shuts the socket down. One thread at a time uses it.
 *
 * Why not ldap_initialize and LDAP_OPT_NETWORK_TIMEOUT: a silent peer then makes
 * the TLS handshake spin or hang for ever (OpenLDAP ITS#8047), and the host name
 * is looked up under a lock of the whole process.
 */
#ifndef DIRECTORY_CONNECTION_H
#define DIRECTORY_CONNECTION_H

#include <ldap.h>
#include <stdbool.h>

#include "base/span.h"
#include "directory/server.h"
#include "directory/watchdog.h"

struct conf_directory;
struct credentials;

enum { CONNECTION_TEXT_SIZE = 320 };

struct connection {
	LDAP *ldap;
	int guard;       /* a duplicate of the socket: for poll() and for shutting it down */
	int64_t born;    /* clock_ms */
	int64_t latency; /* microseconds that connecting took */
	struct watchdog *watchdog;
	char server[SERVER_NAME_SIZE];
};

/*
 * Connects and, where the use wants it, starts TLS. server->addresses must be
 * resolved. False with *why in room of CONNECTION_TEXT_SIZE; nothing to close then.
 */
bool connection_open(struct connection *connection, const struct conf_directory *conf,
		     const struct server *server, enum connection_use use,
		     struct watchdog *watchdog, int64_t deadline, char why[CONNECTION_TEXT_SIZE]);
void connection_close(struct connection *connection);
/* Nothing has come in unasked and the peer is still there. */
bool connection_is_quiet(const struct connection *connection);

/* What came of an operation. */
struct connection_reply {
	int result; /* LDAP result code or negative API error */
	bool sent;  /* the request may have reached the server */
	char diagnostic[CONNECTION_TEXT_SIZE];
};

/* The service's own bind as configured. False with *why. */
bool connection_bind_service(struct connection *connection, const struct conf_directory *conf,
			     struct credentials *credentials, struct span password,
			     int64_t deadline, char why[CONNECTION_TEXT_SIZE]);
/*
 * The GSSAPI bind of whoever the ticket cache belongs to; cache NULL: the process's own
 * (KRB5CCNAME). `principal` is for the text alone. False with *why.
 */
bool connection_bind_ticket(struct connection *connection, const char *cache,
			    const char *principal, int64_t deadline,
			    char why[CONNECTION_TEXT_SIZE]);
/*
 * To see what the server puts up with: a GSSAPI bind with the thread's tickets, neither
 * signed nor bound to a TLS channel. The LDAP result with its text; the connection is
 * of no use afterwards.
 */
int connection_bind_bare(struct connection *connection, int64_t deadline,
			 char text[CONNECTION_TEXT_SIZE]);
/* A simple bind; never with an empty password (RFC 4513 section 5.1.2: that proves nothing). */
void connection_bind_simple(struct connection *connection, const char *dn, struct span password,
			    int64_t deadline, struct connection_reply *reply);

/*
 * Puts a fresh connection into AD's fast bind mode, if the server offers it (MS-ADTS
 * 5.1.1.3): binds then prove the password and no more. False when it is an ordinary
 * connection still, or dead.
 */
bool connection_fast_bind(struct connection *connection, int64_t deadline);

/* Who may sign the servers' certificates: tls_ca, or the system's file. */
const char *connection_ca_file(const struct conf_directory *conf);
/* The text libldap has for the last failure, control characters made spaces. */
void connection_text(LDAP *ldap, int result, char to[CONNECTION_TEXT_SIZE]);

#endif
