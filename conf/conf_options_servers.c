/* SPDX-License-Identifier: ISC */
/* The keys of what talks to clients and to other servers: smtp, outbound, remote, pop3, pop3_proxy. */
#include "conf/conf_tables.h"

static const struct conf_choice listen_tls[] = {
	{ "none", CONF_TLS_NONE },
	{ "starttls", CONF_TLS_STARTTLS },
	{ "implicit", CONF_TLS_IMPLICIT },
	{ NULL, 0 },
};

static const struct conf_key listen_keys[] = {
	CHOICE(conf_listen, "tls", tls, "starttls", listen_tls),
	END,
};

const struct conf_key conf_no_keys[] = { END };

const struct conf_section conf_pop3_inner[] = {
	{ .name = "listen", .titled = true, .keys = listen_keys },
	{ .name = NULL, .keys = conf_no_keys },
};

static const struct conf_choice tls_out[] = {
	{ "may", CONF_TLS_OUT_MAY },
	{ "none", CONF_TLS_OUT_NONE },
	{ "encrypt", CONF_TLS_OUT_ENCRYPT },
	{ "verify", CONF_TLS_OUT_VERIFY },
	{ NULL, 0 },
};

static const struct conf_choice logins_out[] = {
	{ "none", CONF_LOGIN_OUT_NONE },
	{ "basic", CONF_LOGIN_OUT_BASIC },
	{ "integrated", CONF_LOGIN_OUT_INTEGRATED },
	{ "ntlm", CONF_LOGIN_OUT_NTLM },
	{ "oauth2", CONF_LOGIN_OUT_OAUTH2 },
	{ NULL, 0 },
};

/* How we log in elsewhere: the same keys wherever that can be said. */
#define LOGIN(s) \
	CHOICE(s, "login", login.how, "none", logins_out), \
	TEXT(s, "user", login.user, ""), \
	PATH(s, "password_file", login.password_file, ""), \
	TEXT(s, "token_url", login.token_url, ""), \
	TEXT(s, "client_id", login.client_id, ""), \
	PATH(s, "client_secret_file", login.client_secret_file, ""), \
	PATH(s, "refresh_token_file", login.refresh_token_file, ""), \
	TEXT(s, "scope", login.scope, ""), \
	PATH(s, "token_ca", login.token_ca, "")

#define OUT conf_outbound
const struct conf_key conf_outbound_keys[] = {
	NUMBER(COUNT, OUT, "connections", connections, "1000", 1, 100000),
	NUMBER(COUNT, OUT, "connections_per_domain", connections_per_domain, "100", 1, 100000),
	NUMBER(COUNT, OUT, "messages_per_connection", messages_per_connection, "20", 0, 1000000),
	NUMBER(COUNT, OUT, "recipients", recipients, "100", 1, 1000),
	NUMBER(TIME, OUT, "idle_timeout", idle_timeout, "10m", 1, DAY),
	NUMBER(PORT, OUT, "port", port, "25", 1, 65535),
	{ .name = "retry", .kind = CONF_KIND_TIMES, .offset = offsetof(struct OUT, retry),
	  .count = offsetof(struct OUT, retry_count), .fallback = "15m 30m 60m 240m",
	  .least = 1, .most = LONGEST },
	NUMBER(TIME, OUT, "delay_notice", delay_notice, "12h", 0, LONGEST),
	NUMBER(TIME, OUT, "expiry", expiry, "2d", 1, LONGEST),
	NUMBER(TIME, OUT, "local_delay_notice", local_delay_notice, "12h", 0, LONGEST),
	NUMBER(TIME, OUT, "local_expiry", local_expiry, "2d", 1, LONGEST),
	HOP(OUT, "smart_host", smart_host),
	BOOL(OUT, "direct_first", direct_first, "false"),
	TEXT(OUT, "fqdn", fqdn, ""),
	CHOICE(OUT, "tls", tls, "may", tls_out),
	PATH(OUT, "tls_ca", tls_ca, ""),
	BOOL(OUT, "dane", dane, "true"),
	BOOL(OUT, "mta_sts", mta_sts, "true"),
	LOGIN(OUT),
	TEXT(OUT, "masquerade", masquerade, ""),
	BOOL(OUT, "masquerade_header", masquerade_header, "false"),
	TEXT(OUT, "failure_copy", failure_copy, ""),
	PATH(OUT, "badmail", badmail, ""),
	PATH(OUT, "pickup", pickup, ""),
	BOOL(OUT, "pickup_unstuff", pickup_unstuff, "false"),
	PATH(OUT, "templates", templates, ""),
	END,
};

const struct conf_key conf_remote_keys[] = {
	HOP(conf_remote, "route", route),
	BOOL(conf_remote, "helo", helo, "false"),
	CHOICE(conf_remote, "tls", tls, "may", tls_out),
	PATH(conf_remote, "tls_ca", tls_ca, ""),
	LOGIN(conf_remote),
	BOOL(conf_remote, "relay", relay, "false"),
	BOOL(conf_remote, "trigger", trigger, "false"),
	LIST(conf_remote, "trigger_accounts", trigger_accounts, NULL),
	END,
};

const struct conf_section conf_smtp_inner[] = {
	{ .name = "listen", .titled = true, .keys = listen_keys },
	{ .name = "outbound", .keys = conf_outbound_keys },
	{ .name = NULL, .keys = conf_no_keys },
};

static const struct conf_choice relay_lists[] = {
	{ "only", false },
	{ "all-except", true },
	{ NULL, 0 },
};

static const struct conf_choice bindings[] = {
	{ "allow", CONF_BINDING_ALLOW },
	{ "require", CONF_BINDING_REQUIRE },
	{ NULL, 0 },
};

/* How people log in: the same keys at every server. */
#define METHODS(s) \
	LIST(s, "authentication", methods.authentication, NULL), \
	BOOL(s, "basic_without_tls", methods.basic_without_tls, "false"), \
	BOOL(s, "ntlm_without_tls", methods.ntlm_without_tls, "false"), \
	CHOICE(s, "channel_binding", methods.binding, "allow", bindings), \
	PATH(s, "client_ca", methods.client_ca, ""), \
	LIST(s, "login_groups", methods.groups, NULL)

static const struct conf_choice send_as[] = {
	{ "any", CONF_SEND_AS_ANY },
	{ "report", CONF_SEND_AS_REPORT },
	{ "own", CONF_SEND_AS_OWN },
	{ NULL, 0 },
};

const struct conf_key conf_smtp_keys[] = {
	TEXT(conf_smtp, "fqdn", fqdn, ""),
	TEXT(conf_smtp, "default_domain", default_domain, ""),
	PATH(conf_smtp, "certificate", certificate, ""),
	PATH(conf_smtp, "key", key, ""),
	METHODS(conf_smtp),
	NUMBER(SIZE, conf_smtp, "message_size", message_size, "32M", 0, INT64_MAX),
	NUMBER(SIZE, conf_smtp, "session_size", session_size, "0", 0, INT64_MAX),
	NUMBER(COUNT, conf_smtp, "recipients", recipients, "100", 1, 1000),
	NUMBER(COUNT, conf_smtp, "connections", connections, "0", 0, 1000000),
	NUMBER(COUNT, conf_smtp, "connections_per_address", connections_per_address, "0",
	       0, 1000000),
	NUMBER(TIME, conf_smtp, "idle_timeout", idle_timeout, "10m", 1, DAY),
	NUMBER(COUNT, conf_smtp, "hops", hops, "15", 1, 1000),
	{ .name = "relay", .kind = CONF_KIND_PEERS, .offset = offsetof(struct conf_smtp, relay.list),
	  .count = offsetof(struct conf_smtp, relay.list_count) },
	EITHER(conf_smtp, "relay_list", relay.all_except, "only", relay_lists),
	BOOL(conf_smtp, "relay_authenticated", relay.authenticated, "true"),
	LIST(conf_smtp, "relay_groups", relay_groups, NULL),
	CHOICE(conf_smtp, "send_as", send_as, "report", send_as),
	BOOL(conf_smtp, "open_relay", relay.open, "false"),
	BOOL(conf_smtp, "reverse_dns", reverse_dns, "false"),
	END,
};

const struct conf_key conf_pop3_keys[] = {
	TEXT(conf_pop3, "fqdn", fqdn, ""),
	TEXT(conf_pop3, "default_domain", default_domain, ""),
	PATH(conf_pop3, "certificate", certificate, ""),
	PATH(conf_pop3, "key", key, ""),
	METHODS(conf_pop3),
	NUMBER(COUNT, conf_pop3, "connections", connections, "0", 0, 1000000),
	NUMBER(COUNT, conf_pop3, "connections_per_address", connections_per_address, "0", 0,
	       1000000),
	NUMBER(TIME, conf_pop3, "idle_timeout", idle_timeout, "10m", 1, DAY),
	LIST(conf_pop3, "proxies", proxies, NULL),
	END,
};

const struct conf_key conf_proxy_keys[] = {
	NUMBER(PORT, conf_proxy, "port", port, NULL, 1, 65535),
	CHOICE(conf_proxy, "tls", tls, "starttls", listen_tls),
	PATH(conf_proxy, "tls_ca", tls_ca, ""),
	BOOL(conf_proxy, "verify", verify, "true"),
	LOGIN(conf_proxy),
	END,
};
