/* SPDX-License-Identifier: ISC */
/* The keys of the section `directory`. */
#include "conf/conf_tables.h"

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

const struct conf_key conf_directory_keys[] = {
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
	NUMBER(TIME, conf_directory, "cache_outage", cache_outage, "1d", 0, LONGEST),
	NUMBER(TIME, conf_directory, "poll_changes", poll_changes, "20s", 0, DAY),
	BOOL(conf_directory, "global_catalog", global_catalog, "false"),
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
	NUMBER(SIZE, conf_directory, "quota_unit", schema.quota_unit, NULL, 1, UINT64_C(1) << 40),
	NUMBER(SIZE, conf_directory, "size_unit", schema.size_unit, NULL, 1, UINT64_C(1) << 40),
	END,
};

const char *conf_attribute_key(enum conf_attribute attribute)
{
	size_t offset = offsetof(struct conf_directory, schema.attribute) +
			attribute * sizeof(char *);
	const struct conf_key *key = conf_directory_keys;

	while (key->offset != offset)
		key++;
	return key->name;
}
