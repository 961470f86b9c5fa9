/* SPDX-License-Identifier: ISC */
/* Every key of postern.conf(5): its kind, where its value goes, its default and range. */
#include "conf/conf_private.h"

#include "base/log.h"

#define DAY     86400
#define LONGEST (UINT64_C(9999) * DAY)

#define TEXT(s, n, m, f) \
	{ .name = (n), .kind = CONF_KIND_TEXT, .offset = offsetof(struct s, m), .fallback = (f) }
#define PATH(s, n, m, f) \
	{ .name = (n), .kind = CONF_KIND_PATH, .offset = offsetof(struct s, m), .fallback = (f) }
#define LIST(s, n, m, f) \
	{ .name = (n), .kind = CONF_KIND_LIST, .offset = offsetof(struct s, m), \
	  .count = offsetof(struct s, m##_count), .fallback = (f) }
#define NUMBER(k, s, n, m, f, lo, hi) \
	{ .name = (n), .kind = CONF_KIND_##k, .offset = offsetof(struct s, m), .fallback = (f), \
	  .least = (lo), .most = (hi) }
#define BOOL(s, n, m, f) \
	{ .name = (n), .kind = CONF_KIND_BOOL, .offset = offsetof(struct s, m), .fallback = (f) }
#define CHOICE(s, n, m, f, c) \
	{ .name = (n), .kind = CONF_KIND_CHOICE, .offset = offsetof(struct s, m), \
	  .fallback = (f), .choices = (c) }
#define EITHER(s, n, m, f, c) \
	{ .name = (n), .kind = CONF_KIND_EITHER, .offset = offsetof(struct s, m), \
	  .fallback = (f), .choices = (c) }
#define HOP(s, n, m) \
	{ .name = (n), .kind = CONF_KIND_HOP, .offset = offsetof(struct s, m), .fallback = "" }
#define ATTRIBUTE(a, n) TEXT(conf_directory, n, schema.attribute[CONF_ATTRIBUTE_##a], NULL)
#define END { .name = NULL }

static const struct conf_choice methods[] = {
	{ "directory", CONF_METHOD_DIRECTORY },
	{ "local", CONF_METHOD_LOCAL },
	{ "password-file", CONF_METHOD_PASSWORD_FILE },
	{ NULL, 0 },
};

const char *conf_method_name(enum conf_method method)
{
	return methods[method].name;
}

static const struct conf_choice binds[] = {
	{ "gssapi", CONF_BIND_GSSAPI },
	{ "simple", CONF_BIND_SIMPLE },
	{ NULL, 0 },
};

static const struct conf_choice directory_tls[] = {
	{ "starttls", CONF_TLS_STARTTLS },
	{ "ldaps", CONF_TLS_IMPLICIT },
	{ "none", CONF_TLS_NONE },
	{ NULL, 0 },
};

static const struct conf_choice listen_tls[] = {
	{ "none", CONF_TLS_NONE },
	{ "starttls", CONF_TLS_STARTTLS },
	{ "implicit", CONF_TLS_IMPLICIT },
	{ NULL, 0 },
};

static const struct conf_choice log_to[] = {
	{ "stderr", CONF_LOG_STDERR },
	{ "file", CONF_LOG_FILE },
	{ "syslog", CONF_LOG_SYSLOG },
	{ NULL, 0 },
};

static const struct conf_choice log_levels[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
	{ NULL, 0 },
};

static const struct conf_key directory_keys[] = {
	TEXT(conf_directory, "domain", domain, ""),
	TEXT(conf_directory, "site", site, ""),
	LIST(conf_directory, "servers", servers, NULL),
	TEXT(conf_directory, "preset", schema.preset, "ad"),
	CHOICE(conf_directory, "bind", bind, "gssapi", binds),
	PATH(conf_directory, "keytab", keytab, ""),
	TEXT(conf_directory, "principal", principal, ""),
	PATH(conf_directory, "krb5_config", krb5_config, ""),
	TEXT(conf_directory, "bind_dn", bind_dn, ""),
	PATH(conf_directory, "password_file", password_file, ""),
	CHOICE(conf_directory, "tls", tls, "starttls", directory_tls),
	PATH(conf_directory, "tls_ca", tls_ca, ""),
	BOOL(conf_directory, "allow_plaintext_on_loopback", plain_loopback, "false"),
	TEXT(conf_directory, "base", base, ""),
	TEXT(conf_directory, "netbios", netbios, ""),
	NUMBER(TIME, conf_directory, "timeout", timeout, "5s", 1, 25),
	NUMBER(TIME, conf_directory, "recycle", recycle, "10m", 1, 899),
	NUMBER(TIME, conf_directory, "retry_preferred", retry_preferred, "60s", 1, DAY),
	NUMBER(COUNT, conf_directory, "lookups", lookups, "64", 1, 1024),
	NUMBER(COUNT, conf_directory, "password_checks", password_checks, "64", 1, 1024),
	BOOL(conf_directory, "fast_bind", fast_bind, "false"),
	NUMBER(TIME, conf_directory, "cache_positive", cache_positive, "30s", 0, DAY),
	NUMBER(TIME, conf_directory, "cache_negative", cache_negative, "10s", 0, DAY),
	NUMBER(TIME, conf_directory, "cache_password", cache_password, "0", 0, 60),
	TEXT(conf_directory, "recipient_filter", schema.recipient_filter, NULL),
	TEXT(conf_directory, "login_filter", schema.login_filter, NULL),
	ATTRIBUTE(ID, "attribute_id"),
	ATTRIBUTE(MAIL, "attribute_mail"),
	ATTRIBUTE(ALIAS, "attribute_alias"),
	ATTRIBUTE(ENABLED, "attribute_enabled"),
	ATTRIBUTE(QUOTA, "attribute_quota"),
	ATTRIBUTE(QUOTA_SEND, "attribute_quota_send"),
	ATTRIBUTE(QUOTA_WARN, "attribute_quota_warn"),
	ATTRIBUTE(QUOTA_DEFAULTS, "attribute_quota_defaults"),
	ATTRIBUTE(HOST, "attribute_host"),
	ATTRIBUTE(ROUTING_ADDRESS, "attribute_routing_address"),
	ATTRIBUTE(TARGET, "attribute_target"),
	ATTRIBUTE(FORWARD, "attribute_forward"),
	ATTRIBUTE(FORWARD_ADDRESS, "attribute_forward_address"),
	ATTRIBUTE(FORWARD_KEEP, "attribute_forward_keep"),
	ATTRIBUTE(SIZE_SEND, "attribute_size_send"),
	ATTRIBUTE(SIZE_RECEIVE, "attribute_size_receive"),
	ATTRIBUTE(RECIPIENTS, "attribute_recipients"),
	ATTRIBUTE(ACCEPT_FROM, "attribute_accept_from"),
	ATTRIBUTE(REJECT_FROM, "attribute_reject_from"),
	ATTRIBUTE(ACCEPT_GROUPS, "attribute_accept_groups"),
	ATTRIBUTE(REJECT_GROUPS, "attribute_reject_groups"),
	ATTRIBUTE(AUTHENTICATED, "attribute_authenticated"),
	ATTRIBUTE(DELEGATES, "attribute_delegates"),
	ATTRIBUTE(LEGACY_DN, "attribute_legacy_dn"),
	ATTRIBUTE(MEMBER, "attribute_member"),
	ATTRIBUTE(MEMBER_ADDRESS, "attribute_member_address"),
	ATTRIBUTE(MEMBER_UID, "attribute_member_uid"),
	ATTRIBUTE(MEMBER_FILTER, "attribute_member_filter"),
	ATTRIBUTE(MEMBER_BASE, "attribute_member_base"),
	ATTRIBUTE(OWNER, "attribute_owner"),
	ATTRIBUTE(REPORT_OWNER, "attribute_report_owner"),
	NUMBER(SIZE, conf_directory, "quota_unit", schema.quota_unit, "1", 1, UINT64_C(1) << 40),
	END,
};

static const struct conf_key domain_keys[] = {
	TEXT(conf_domain_keys, "directory", directory, ""),
	TEXT(conf_domain_keys, "alias_of", alias_of, ""),
	BOOL(conf_domain_keys, "default", domain.is_default, "false"),
	NUMBER(SIZE, conf_domain_keys, "quota", domain.quota, "0", 0, INT64_MAX),
	TEXT(conf_domain_keys, "postmaster", domain.postmaster, ""),
	PATH(conf_domain_keys, "drop", domain.drop, ""),
	END,
};

static const struct conf_key listen_keys[] = {
	CHOICE(conf_listen, "tls", tls, "starttls", listen_tls),
	END,
};

static const struct conf_key no_keys[] = { END };

static const struct conf_section listens[] = {
	{ .name = "listen", .titled = true, .keys = listen_keys },
	{ .name = NULL, .keys = no_keys },
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

static const struct conf_section smtp_inner[] = {
	{ .name = "listen", .titled = true, .keys = listen_keys },
	{ .name = "outbound", .keys = conf_outbound_keys },
	{ .name = NULL, .keys = no_keys },
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
	PATH(s, "client_ca", methods.client_ca, "")

static const struct conf_key smtp_keys[] = {
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
	BOOL(conf_smtp, "open_relay", relay.open, "false"),
	BOOL(conf_smtp, "reverse_dns", reverse_dns, "false"),
	END,
};

static const struct conf_key pop3_keys[] = {
	TEXT(conf_pop3, "fqdn", fqdn, ""),
	TEXT(conf_pop3, "default_domain", default_domain, ""),
	PATH(conf_pop3, "certificate", certificate, ""),
	PATH(conf_pop3, "key", key, ""),
	METHODS(conf_pop3),
	NUMBER(COUNT, conf_pop3, "connections", connections, "0", 0, 1000000),
	NUMBER(COUNT, conf_pop3, "connections_per_address", connections_per_address, "0", 0,
	       1000000),
	NUMBER(TIME, conf_pop3, "idle_timeout", idle_timeout, "10m", 1, DAY),
	END,
};

static const struct conf_key store_keys[] = {
	PATH(conf_store, "root", root, "/var/lib/postern/mail"),
	PATH(conf_store, "queue", queue, "/var/lib/postern/queue"),
	NUMBER(COUNT, conf_store, "workers", workers, "16", 1, 256),
	END,
};

static const struct conf_key log_keys[] = {
	CHOICE(conf_log, "to", to, "stderr", log_to),
	PATH(conf_log, "file", file, ""),
	CHOICE(conf_log, "level", level, "info", log_levels),
	END,
};

static const struct conf_key root_keys[] = {
	CHOICE(conf, "method", method, "directory", methods),
	PATH(conf, "mailboxes", mailboxes, ""),
	TEXT(conf, "pam_service", pam_service, "postern"),
	TEXT(conf, "user_prefix", user_prefix, "postern"),
	PATH(conf, "run", run, "/run/postern"),
	NUMBER(COUNT, conf, "frontends", frontends, "0", 0, 256),
	TEXT(conf, "password_expired_text", password_expired_text,
	     "Password expired; change it on a domain computer"),
	LIST(conf, "dns_servers", dns_servers, NULL),
	PATH(conf, "dns_trust_anchor", dns_trust_anchor, ""),
	END,
};

/* conf_fill.c knows them by this order. */
static const struct conf_section sections[] = {
	{ .name = "directory", .titled = true, .keys = directory_keys },
	{ .name = "domain", .titled = true, .keys = domain_keys },
	{ .name = "smtp", .titled = true, .keys = smtp_keys, .inner = smtp_inner },
	{ .name = "remote", .titled = true, .keys = conf_remote_keys },
	{ .name = "pop3", .keys = pop3_keys, .inner = listens },
	{ .name = "store", .keys = store_keys },
	{ .name = "log", .keys = log_keys },
	{ .name = NULL, .keys = no_keys },
};

const struct conf_section conf_root = { .name = "root", .keys = root_keys, .inner = sections };
