/* SPDX-License-Identifier: ISC */
/*
 * Every key of postern.conf(5): its kind, where its value goes, its default and range. Those of
 * directories and of servers are in conf_options_directory.c and conf_options_servers.c.
 */
#include "conf/conf_tables.h"

#include "base/log.h"

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

static const struct conf_choice group_senders[] = {
	{ "anybody", CONF_GROUP_ANYBODY },
	{ "authenticated", CONF_GROUP_AUTHENTICATED },
	{ "members", CONF_GROUP_MEMBERS },
	{ "nobody", CONF_GROUP_NOBODY },
	{ NULL, 0 },
};

static const struct conf_key domain_keys[] = {
	TEXT(conf_domain_keys, "directory", directory, ""),
	TEXT(conf_domain_keys, "alias_of", alias_of, ""),
	BOOL(conf_domain_keys, "default", domain.is_default, "false"),
	NUMBER(SIZE, conf_domain_keys, "quota", domain.quotas.receive, "0", 0, INT64_MAX),
	NUMBER(SIZE, conf_domain_keys, "quota_send", domain.quotas.send, "0", 0, INT64_MAX),
	NUMBER(SIZE, conf_domain_keys, "quota_warn", domain.quotas.warn, "0", 0, INT64_MAX),
	TEXT(conf_domain_keys, "catch_all", domain.catch_all, ""),
	TEXT(conf_domain_keys, "subaddress", domain.subaddress, ""),
	CHOICE(conf_domain_keys, "group_senders", domain.group_senders, "authenticated",
	       group_senders),
	TEXT(conf_domain_keys, "postmaster", domain.postmaster, ""),
	PATH(conf_domain_keys, "drop", domain.drop, ""),
	END,
};

static const struct conf_key quota_keys[] = {
	NUMBER(SIZE, conf_quotas, "receive", limits.receive, "0", 0, INT64_MAX),
	NUMBER(SIZE, conf_quotas, "send", limits.send, "0", 0, INT64_MAX),
	NUMBER(SIZE, conf_quotas, "warn", limits.warn, "0", 0, INT64_MAX),
	TEXT(conf_quotas, "owner_copy", owner_copy, ""),
	PATH(conf_quotas, "template", template, ""),
	NUMBER(TIME, conf_quotas, "warn_again", warn_again, "1d", 0, LONGEST),
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

static const struct conf_section sections[] = {
	{ .name = "directory", .titled = true, .keys = conf_directory_keys },
	{ .name = "domain", .titled = true, .keys = domain_keys },
	{ .name = "smtp", .titled = true, .keys = conf_smtp_keys, .inner = conf_smtp_inner },
	{ .name = "remote", .titled = true, .keys = conf_remote_keys },
	{ .name = "pop3", .keys = conf_pop3_keys, .inner = conf_pop3_inner },
	{ .name = "pop3_proxy", .keys = conf_proxy_keys },
	{ .name = "quota", .keys = quota_keys },
	{ .name = "store", .keys = store_keys },
	{ .name = "log", .keys = log_keys },
	{ .name = NULL, .keys = conf_no_keys },
};

const struct conf_section conf_root = { .name = "root", .keys = root_keys, .inner = sections };
