/* SPDX-License-Identifier: ISC */
#include "directory/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <openldap.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "conf/conf.h"
#include "directory/diagnose.h"

static const char system_ca[] = "/etc/ssl/certs/ca-certificates.crt";

void connection_text(LDAP *ldap, int result, char to[CONNECTION_TEXT_SIZE])
{
	char *more = NULL;

	if (ldap && ldap_get_option(ldap, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more) != LDAP_OPT_SUCCESS)
		more = NULL;
	snprintf(to, CONNECTION_TEXT_SIZE, "%s%s%s", ldap_err2string(result),
		 more && more[0] ? ": " : "", more ? more : "");
	ldap_memfree(more);
	for (char *c = to; *c; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' ';
}

static bool set_basics(LDAP *ldap)
{
	static const int version = LDAP_VERSION3, deref = LDAP_DEREF_NEVER;

	return ldap_set_option(ldap, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_OPT_SUCCESS &&
	       ldap_set_option(ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS &&
	       ldap_set_option(ldap, LDAP_OPT_DEREF, &deref) == LDAP_OPT_SUCCESS &&
	       ldap_set_option(ldap, LDAP_OPT_RESTART, LDAP_OPT_ON) == LDAP_OPT_SUCCESS &&
	       ldap_set_option(ldap, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON) == LDAP_OPT_SUCCESS;
}

const char *connection_ca_file(const struct conf_directory *conf)
{
	return conf->tls_ca[0] ? conf->tls_ca : system_ca;
}

/* NEWCTX comes last: without it the handle silently keeps the process's TLS settings. */
static bool set_tls(LDAP *ldap, const struct conf_directory *conf)
{
	static const int demand = LDAP_OPT_X_TLS_DEMAND, client = 0;

	return ldap_set_option(ldap, LDAP_OPT_X_TLS_CACERTFILE, connection_ca_file(conf)) ==
		       LDAP_OPT_SUCCESS &&
	       ldap_set_option(ldap, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == LDAP_OPT_SUCCESS &&
	       ldap_set_option(ldap, LDAP_OPT_X_TLS_NEWCTX, &client) == LDAP_OPT_SUCCESS;
}

enum tls_way { TLS_WAY_PLAIN, TLS_WAY_START, TLS_WAY_IMPLICIT };

static enum tls_way choose_tls(const struct conf_directory *conf, const struct server *server,
			       enum connection_use use)
{
	if (server->implicit)
		return TLS_WAY_IMPLICIT;
	if (use == CONNECTION_FOR_LOOKUPS && conf->bind == CONF_BIND_GSSAPI)
		return TLS_WAY_PLAIN;
	if (conf->tls == CONF_TLS_NONE)
		return TLS_WAY_PLAIN;
	return conf->tls == CONF_TLS_IMPLICIT ? TLS_WAY_IMPLICIT : TLS_WAY_START;
}

/* ldaps beside an ldap:// URI with the default port is on 636. */
static uint16_t choose_port(const struct server *server, enum tls_way way)
{
	if (way == TLS_WAY_IMPLICIT && !server->implicit && server->port == 389)
		return 636;
	return server->port;
}

static bool start_tls(struct connection *connection, const struct conf_directory *conf,
		      enum tls_way way, char why[CONNECTION_TEXT_SIZE])
{
	char text[CONNECTION_TEXT_SIZE];
	int result;

	if (!set_tls(connection->ldap, conf)) {
		snprintf(why, CONNECTION_TEXT_SIZE, "TLS cannot be set up: check the CA file %s",
			 connection_ca_file(conf));
		return false;
	}
	result = way == TLS_WAY_START ? ldap_start_tls_s(connection->ldap, NULL, NULL)
				      : ldap_install_tls(connection->ldap);
	if (result == LDAP_SUCCESS)
		return true;
	connection_text(connection->ldap, result, text);
	snprintf(why, CONNECTION_TEXT_SIZE, "TLS: %.200s", text);
	return false;
}

/* Says more than the library did, if more can be found out. */
static void explain_tls(const struct conf_directory *conf, const struct server *server,
			enum tls_way way, int64_t deadline, char why[CONNECTION_TEXT_SIZE])
{
	char text[CONNECTION_TEXT_SIZE - 8];

	diagnose_tls(server, choose_port(server, way), way == TLS_WAY_START, connection_ca_file(conf),
		     deadline, text, sizeof(text));
	if (text[0])
		snprintf(why, CONNECTION_TEXT_SIZE, "TLS: %s", text);
	else if (strcasecmp(server->host, "localhost") == 0)
		/* libldap puts the machine's name in its place. */
		snprintf(why, CONNECTION_TEXT_SIZE,
			 "TLS: the certificate is not for this machine's full name, which "
			 "\"localhost\" "
			 "stands for: write 127.0.0.1, or the name in the certificate");
}

static bool make_handle(struct connection *connection, const struct server *server, int descriptor,
			char why[CONNECTION_TEXT_SIZE])
{
	char url[SERVER_NAME_SIZE];
	bool literal = strchr(server->host, ':') != NULL;
	int result;

	/* The scheme stays ldap even for TLS from the start: that is ldap_install_tls's work. */
	snprintf(url, sizeof(url), "ldap://%s%s%s:%u", literal ? "[" : "", server->host,
		 literal ? "]" : "", server->port);
	result = ldap_init_fd(descriptor, LDAP_PROTO_TCP, url, &connection->ldap);
	if (result != LDAP_SUCCESS) {
		connection->ldap = NULL;
		close(descriptor);
	} else if (set_basics(connection->ldap)) {
		return true;
	}
	snprintf(why, CONNECTION_TEXT_SIZE, "the LDAP library gives no handle: %s",
		 ldap_err2string(result));
	return false;
}

/* Plain text is right for GSSAPI, which encrypts by itself, and otherwise only inside the machine.
 */
static bool plain_is_allowed(const struct conf_directory *conf, enum connection_use use,
			     int descriptor)
{
	if (use == CONNECTION_FOR_LOOKUPS && conf->bind == CONF_BIND_GSSAPI)
		return true;
	return conf->plain_loopback && dial_peer_is_loopback(descriptor);
}

static bool prepare(struct connection *connection, const struct conf_directory *conf,
		    const struct server *server, enum connection_use use, int descriptor,
		    int64_t deadline, char why[CONNECTION_TEXT_SIZE])
{
	enum tls_way way = choose_tls(conf, server, use);
	struct watch watch;
	bool good;

	if (!make_handle(connection, server, descriptor, why))
		return false;
	if (way == TLS_WAY_PLAIN) {
		if (plain_is_allowed(conf, use, connection->guard))
			return true;
		snprintf(why, CONNECTION_TEXT_SIZE, "a simple bind without TLS is refused");
		return false;
	}
	watchdog_arm(connection->watchdog, &watch, connection->guard, deadline);
	good = start_tls(connection, conf, way, why);
	if (watchdog_disarm(connection->watchdog, &watch)) {
		snprintf(why, CONNECTION_TEXT_SIZE, "TLS: no answer in time");
		return false;
	}
	if (!good)
		explain_tls(conf, server, way, deadline, why);
	return good;
}

bool connection_open(struct connection *connection, const struct conf_directory *conf,
		     const struct server *server, enum connection_use use,
		     struct watchdog *watchdog, int64_t deadline, char why[CONNECTION_TEXT_SIZE])
{
	uint16_t port = choose_port(server, choose_tls(conf, server, use));
	int64_t began = clock_us();
	int descriptor = dial_connect(&server->addresses, port, deadline);

	if (descriptor < 0) {
		snprintf(why, CONNECTION_TEXT_SIZE, "connect to port %u: %s", port,
			 strerror(errno));
		return false;
	}
	*connection = (struct connection){
		.born = clock_ms(),
		.latency = clock_us() - began,
		.watchdog = watchdog,
	};
	memcpy(connection->server, server->name, sizeof(connection->server));
	connection->guard = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
	if (connection->guard < 0) {
		snprintf(why, CONNECTION_TEXT_SIZE, "no descriptor left: %s", strerror(errno));
		close(descriptor);
		return false;
	}
	if (prepare(connection, conf, server, use, descriptor, deadline, why))
		return true;
	connection_close(connection);
	return false;
}

void connection_close(struct connection *connection)
{
	struct watch watch;

	if (connection->ldap) {
		/* The goodbye of TLS and LDAP may block on a peer that does not read. */
		watchdog_arm(connection->watchdog, &watch, connection->guard, clock_ms() + 1000);
		(void)ldap_unbind_ext_s(connection->ldap, NULL, NULL);
		(void)watchdog_disarm(connection->watchdog, &watch);
	}
	if (connection->guard >= 0)
		close(connection->guard);
	connection->ldap = NULL;
	connection->guard = -1;
}

bool connection_is_quiet(const struct connection *connection)
{
	struct pollfd poll_one = { .fd = connection->guard, .events = POLLIN | POLLRDHUP };

	return poll(&poll_one, 1, 0) == 0;
}
