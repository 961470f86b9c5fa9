/* SPDX-License-Identifier: ISC */
/* Keys of routing, policy and mailbox sizes: defaults, values, and what cannot be right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "conf/conf.h"

#define DIRECTORY "directory d { servers = {'ldap://dc1.corp.example'} keytab = /k }\n"
#define SMTP      "smtp x { listen '*:25' { tls = none } }\n"
#define TOP       DIRECTORY SMTP
#define DOMAIN    "domain corp.example { }\n"
#define ALL       TOP DOMAIN
#define POP3      "pop3 { listen '*:110' { tls = starttls } certificate = /c key = /d\n"
#define M         (UINT64_C(1) << 20)

struct heard {
	unsigned count;
	unsigned line;
	char text[1024];
};

static void hear(void *context, const char *file, unsigned line, const char *text)
{
	struct heard *heard = context;

	assert_string_equal(file, "t");
	assert_non_null(strstr(text, ": "));
	if (heard->count++ == 0) {
		heard->line = line;
		strncpy(heard->text, text, sizeof(heard->text) - 1);
	}
}

static struct conf *parse(const char *text)
{
	struct heard heard = { 0, 0, "" };
	struct conf *conf = conf_parse("t", text, hear, &heard);

	if (!conf)
		fail_msg("%u: %s", heard.line, heard.text);
	return conf;
}

#define AD(keys) SMTP DOMAIN "directory d { domain = a.example keytab = /k\n" keys " }\n"
#define OPEN(keys)                                                                                 \
	SMTP DOMAIN "directory d { preset = inetorgperson base = 'dc=x' bind = simple bind_dn = "  \
		    "'cn=x'"                                                                       \
		    " password_file = /p domain = a.example\n" keys " }\n"
#define OURS(keys)   TOP "domain corp.example {\n" keys " }\n"
#define SERVER(keys) DIRECTORY DOMAIN "smtp x { listen '*:25' { tls = none }\n" keys " }\n"
#define PROXY(keys)  ALL POP3 "}\npop3_proxy {\n" keys " }\n"
#define QUOTA(keys)  ALL "quota {\n" keys " }\n"

static const struct {
	const char *text;
	unsigned line;
	const char *part;
} wrong[] = {
	/* Directories. */
	{ AD("cache_outage = long"), 4, "no time" },
	{ AD("poll_changes = 2d"), 4, "0 to 86400" },
	{ AD("global_catalog = perhaps"), 4, "neither true nor false" },
	{ OPEN("global_catalog = true"), 4, "only Active Directory" },
	{ AD("size_unit = 0"), 4, "out of range" },
	{ AD("attribute_quota_warn = 'a b'"), 4,
	  "attribute_quota_warn \"a b\" is no attribute name" },
	{ AD("attribute_forward = 'a(b'"), 4, "no attribute name" },
	{ AD("attribute_report_owner = '-'"), 4, "no attribute name" },
	{ AD("attribute_id = ''"), 4, "name an attribute" },
	{ AD("attribute_member_base = 'member;range=0-1'"), 4, "no attribute name" },
	{ AD("preset = exchange"), 4, "write one of \"ad\", \"ad-exchange\"" },
	{ AD("recipient_filter = '(mail=%{adress})'"), 4, "%{address}, %{local}, %{domain}" },
	{ AD("recipient_filter = '(mail=%{domain})'"), 4, "no placeholder" },
	{ AD("recipient_filter = '(mail=%{address}'"), 4, "add )" },
	{ AD("login_filter = '(uid=%{address})'"), 4, "%{login}, %{user}, %{domain}" },
	{ AD("login_filter = '(&(uid=%{login})'"), 4, "\")\" is missing" },
	/* Domains. */
	{ OURS("quota_warn = 2M\n quota = 1M"), 4, "nobody would be warned" },
	{ OURS("quota_send = 2M\n quota = 1M"), 4, "never be reached" },
	{ OURS("quota_warn = 2M\n quota_send = 1M"), 4, "too late" },
	{ OURS("quota_warn = 2M") "quota { receive = 1M }", 4, "nobody would be warned" },
	{ OURS("quota = 1M") "quota {\n warn = 2M }", 4, "lower quota_warn, or raise quota" },
	{ OURS("quota_send = much"), 4, "no size" },
	{ OURS("catch_all = info"), 4, "it has no domain" },
	{ OURS("catch_all = 'a b@corp.example'"), 4, "no mail address" },
	{ OURS("catch_all = '@corp.example'"), 4, "no mail address" },
	{ OURS("catch_all = a@corp.example\n drop = /d"), 4, "no effect beside drop" },
	{ OURS("default = true\ncatch_all = a@b.example") "domain b.example {\ncatch_all = "
							  "a@corp.example }",
	  5, "comes back" },
	{ OURS("default = true\ncatch_all = a@c.example") "domain c.example { alias_of = b.example "
							  "}\n"
							  "domain b.example {\ncatch_all = "
							  "b@corp.example }",
	  5, "comes back" },
	{ OURS("subaddress = +a"), 4, "\"+\" outside quotes" },
	{ OURS("subaddress = '+a'"), 4, "cannot stand before a tag" },
	{ OURS("subaddress = '1'"), 4, "cannot stand before a tag" },
	{ OURS("subaddress = '+ '"), 4, "cannot stand before a tag" },
	{ OURS("subaddress = '@'"), 4, "cannot stand before a tag" },
	{ OURS("group_senders = all"), 4, "\"members\", \"nobody\"" },
	{ OURS("") "domain b.example { alias_of = corp.example\n quota_send = 0 }", 6,
	  "quota_send has no effect in an alias" },
	{ OURS("") "domain b.example { alias_of = corp.example\n quota_warn = 0 }", 6,
	  "quota_warn has no effect in an alias" },
	{ OURS("") "domain b.example { alias_of = corp.example\n catch_all = a@corp.example }", 6,
	  "catch_all has no effect in an alias" },
	{ OURS("") "domain b.example { alias_of = corp.example\n subaddress = '+' }", 6,
	  "subaddress has no effect in an alias" },
	{ OURS("") "domain b.example { alias_of = corp.example\n group_senders = nobody }", 6,
	  "group_senders has no effect in an alias" },
	/* Servers. */
	{ SERVER("send_as = self"), 4, "\"report\", \"own\"" },
	{ SERVER("relay_groups = {'a', ''}"), 4, "empty name" },
	{ SERVER("relay_groups = {'a'}\nrelay_authenticated = false"), 4, "no effect" },
	{ SERVER("login_groups = {''}"), 4, "empty name" },
	{ "method = local\n" DOMAIN "smtp x { listen '*:25' { tls = none }\n login_groups = {a} }",
	  4, "login_groups names groups of a directory" },
	{ "method = local\n" DOMAIN "smtp x { listen '*:25' { tls = none }\n relay_groups = {a} }",
	  4, "relay_groups names groups of a directory" },
	{ ALL POP3 "login_groups = {''} }", 5, "empty name" },
	{ ALL POP3 "proxies = {''} }", 5, "empty name" },
	/* POP3 at other servers. */
	{ ALL "pop3_proxy { }", 4, "no effect without a section pop3" },
	{ PROXY("port = 0"), 7, "1 to 65535" },
	{ PROXY("tls = none"), 7, "in the clear" },
	{ PROXY("tls = none\nverify = false\nlogin = integrated"), 8, "verify has no effect" },
	{ PROXY("tls = none\ntls_ca = /a\nlogin = integrated"), 8, "tls_ca has no effect" },
	{ PROXY("login = ntlm user = a password_file = /p"), 7, "somebody else" },
	{ PROXY("login = basic user = a"), 7, "needs password_file" },
	{ PROXY("user = a"), 7, "no effect with login = \"none\"" },
	{ PROXY("login = anonymous"), 7, "\"basic\", \"integrated\"" },
	{ PROXY("tls_ca = ca.pem"), 7, "relative path" },
	{ PROXY("} pop3_proxy {"), 7, "second section pop3_proxy" },
	/* Mailbox sizes. */
	{ QUOTA("receive = 1M\nwarn = 2M"), 6, "nobody would be warned" },
	{ QUOTA("receive = 1M\nsend = 2M"), 6, "never be reached" },
	{ QUOTA("send = 1M\nwarn = 2M"), 6, "too late" },
	{ QUOTA("owner_copy = admin"), 5, "it has no domain" },
	{ QUOTA("template = text"), 5, "relative path" },
	{ QUOTA("warn_again = often"), 5, "no time" },
	{ QUOTA("} quota {"), 5, "second section quota" },
};

static void test_complaints(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct heard heard = { 0, 0, "" };
		struct conf *conf = conf_parse("t", wrong[i].text, hear, &heard);

		if (conf || heard.count != 1 || heard.line != wrong[i].line ||
		    !strstr(heard.text, wrong[i].part))
			fail_msg("row %zu: wanted %u: ... %s, heard %u of %u: %s\nfrom: %s", i,
				 wrong[i].line, wrong[i].part, heard.line, heard.count, heard.text,
				 wrong[i].text);
	}
}

static void test_defaults(void **state)
{
	struct conf *conf = parse(ALL POP3 "}");
	const struct conf_directory *directory = &conf->directories[0];
	const struct conf_domain *domain = &conf->domains[0];

	(void)state;
	assert_int_equal(directory->cache_outage, 86400);
	assert_int_equal(directory->poll_changes, 20);
	assert_false(directory->global_catalog);
	assert_int_equal(domain->quotas.receive, 0);
	assert_int_equal(domain->quotas.send, 0);
	assert_int_equal(domain->quotas.warn, 0);
	assert_string_equal(domain->catch_all, "");
	assert_string_equal(domain->subaddress, "");
	assert_int_equal(domain->group_senders, CONF_GROUP_AUTHENTICATED);
	assert_int_equal(conf->smtps[0].send_as, CONF_SEND_AS_REPORT);
	assert_int_equal(conf->smtps[0].relay_groups_count, 0);
	assert_int_equal(conf->smtps[0].methods.groups_count, 0);
	assert_int_equal(conf->pop3.methods.groups_count, 0);
	assert_int_equal(conf->pop3.proxies_count, 0);
	assert_false(conf->proxy.enabled);
	assert_int_equal(conf->proxy.tls, CONF_TLS_STARTTLS);
	assert_true(conf->proxy.verify);
	assert_int_equal(conf->proxy.login.how, CONF_LOGIN_OUT_NONE);
	assert_int_equal(conf->quotas.warn_again, 86400);
	assert_string_equal(conf->quotas.owner_copy, "");
	assert_string_equal(conf->quotas.template, "");
	conf_free(conf);
}

static void test_values(void **state)
{
	struct conf *conf = parse(
		"directory d { domain = a.example keytab = /k cache_outage = 0 poll_changes = 0\n"
		" global_catalog = true size_unit = 1K attribute_quota_warn = warnAt }\n"
		"domain corp.example { default = true catch_all = info@other.example subaddress = "
		"'+-'"
		" group_senders = members }\n"
		"domain b.example { catch_all = info@b.example }\n"
		"smtp x { listen '*:25' { tls = none } send_as = own relay_groups = {'CN=a,DC=b', "
		"c}"
		" login_groups = {d} }\n" POP3 "login_groups = {e, f} proxies = {g} }\n"
		"pop3_proxy { port = 1110 tls = implicit tls_ca = /a verify = false login = basic"
		" user = u password_file = /p }\n"
		"quota { owner_copy = a@corp.example template = /t warn_again = 0 }\n");

	(void)state;
	assert_int_equal(conf->directories[0].cache_outage, 0);
	assert_int_equal(conf->directories[0].poll_changes, 0);
	assert_true(conf->directories[0].global_catalog);
	assert_int_equal(conf->directories[0].schema.size_unit, 1024);
	assert_string_equal(conf->directories[0].schema.attribute[CONF_ATTRIBUTE_QUOTA_WARN],
			    "warnAt");
	assert_string_equal(conf->domains[0].catch_all, "info@other.example");
	assert_string_equal(conf->domains[0].subaddress, "+-");
	assert_int_equal(conf->domains[0].group_senders, CONF_GROUP_MEMBERS);
	assert_int_equal(conf->smtps[0].send_as, CONF_SEND_AS_OWN);
	assert_int_equal(conf->smtps[0].relay_groups_count, 2);
	assert_string_equal(conf->smtps[0].relay_groups[0], "CN=a,DC=b");
	assert_int_equal(conf->smtps[0].methods.groups_count, 1);
	assert_int_equal(conf->pop3.methods.groups_count, 2);
	assert_string_equal(conf->pop3.methods.groups[1], "f");
	assert_int_equal(conf->pop3.proxies_count, 1);
	assert_string_equal(conf->pop3.proxies[0], "g");
	assert_true(conf->proxy.enabled);
	assert_int_equal(conf->proxy.port, 1110);
	assert_int_equal(conf->proxy.tls, CONF_TLS_IMPLICIT);
	assert_false(conf->proxy.verify);
	assert_string_equal(conf->proxy.login.user, "u");
	assert_string_equal(conf->quotas.owner_copy, "a@corp.example");
	assert_string_equal(conf->quotas.template, "/t");
	assert_int_equal(conf->quotas.warn_again, 0);
	conf_free(conf);
}

/* The domain's own, else the section's; 0 is a limit of its own: none. */
static void test_quotas(void **state)
{
	static const struct {
		const char *keys, *section;
		uint64_t warn, send, receive;
	} cases[] = {
		{ "", "", 0, 0, 0 },
		{ "", "warn = 1M send = 2M receive = 3M", 1 * M, 2 * M, 3 * M },
		{ "quota = 4M", "warn = 1M send = 2M receive = 3M", 1 * M, 2 * M, 4 * M },
		{ "quota = 0", "warn = 1M send = 2M receive = 3M", 1 * M, 2 * M, 0 },
		{ "quota = 0 quota_send = 0 quota_warn = 0", "warn = 1M send = 2M receive = 3M", 0,
		  0, 0 },
		{ "quota_warn = 2M quota_send = 2M", "receive = 2M", 2 * M, 2 * M, 2 * M },
		{ "quota = 1M", "", 0, 0, 1 * M },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[1000];
		struct conf *conf;

		snprintf(text, sizeof(text), TOP "domain corp.example { %s }\nquota { %s }\n",
			 cases[i].keys, cases[i].section);
		conf = parse(text);
		assert_int_equal(conf->domains[0].quotas.warn, cases[i].warn);
		assert_int_equal(conf->domains[0].quotas.send, cases[i].send);
		assert_int_equal(conf->domains[0].quotas.receive, cases[i].receive);
		assert_int_equal(conf->domains[0].quota, cases[i].receive);
		conf_free(conf);
	}
}

/* What makes each preset what it is; that filters and names are good is checked by the reading. */
static const struct {
	const char *preset;
	bool active_directory;
	enum conf_attribute attribute;
	const char *name;
	const char *part; /* of the recipient filter */
	uint64_t quota_unit, size_unit;
} presets[] = {
	{ "ad", true, CONF_ATTRIBUTE_QUOTA, "maxStorage", "(objectClass=contact)", 1, 1 },
	{ "ad", true, CONF_ATTRIBUTE_TARGET, "targetAddress", "(proxyAddresses=smtp:%{address})", 1,
	  1 },
	{ "ad-exchange", true, CONF_ATTRIBUTE_QUOTA, "mDBOverHardQuotaLimit",
	  "(proxyAddresses=x500:%{address})", 1024, 1024 },
	{ "ad-exchange", true, CONF_ATTRIBUTE_REJECT_GROUPS, "dLMemRejectPerms",
	  "(objectClass=msExchDynamicDistributionList)", 1024, 1024 },
	{ "ad-postern", true, CONF_ATTRIBUTE_QUOTA_WARN, "posternQuotaWarn", "(sAMAccountType=", 1,
	  1 },
	{ "ad-postern", true, CONF_ATTRIBUTE_ALIAS, "proxyAddresses", "(objectClass=group)", 1, 1 },
	{ "postern", false, CONF_ATTRIBUTE_ALIAS, "posternAlias", "(posternAlias=%{address})", 1,
	  1 },
	{ "openldap-laser", false, CONF_ATTRIBUTE_ROUTING_ADDRESS, "mailRoutingAddress",
	  "(mailLocalAddress=%{address})", 1, 1 },
	{ "inetorgperson", false, CONF_ATTRIBUTE_MEMBER, "member", "(objectClass=groupOfNames)", 1,
	  1 },
	{ "qmail-ldap", false, CONF_ATTRIBUTE_ENABLED, "accountStatus",
	  "(mailAlternateAddress=%{address})", 1, 1 },
	{ "rfc2307-alias", false, CONF_ATTRIBUTE_MEMBER_ADDRESS, "rfc822MailMember",
	  "(&(objectClass=nisMailAlias)(cn=%{local}))", 1, 1 },
	{ "zarafa", false, CONF_ATTRIBUTE_QUOTA_SEND, "zarafaQuotaSoft",
	  "(zarafaAliases=%{address})", 1048576, 1 },
};

static struct conf *parse_preset(const char *preset, const char *keys)
{
	char text[1000];

	snprintf(text, sizeof(text),
		 SMTP DOMAIN
		 "directory d { preset = '%s' base = 'dc=x' bind = simple bind_dn = 'cn=x'"
		 " password_file = /p domain = a.example %s }\n",
		 preset, keys);
	return parse(text);
}

static void test_presets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(presets) / sizeof(*presets); i++) {
		struct conf *conf = parse_preset(presets[i].preset, "");
		const struct conf_schema *schema = &conf->directories[0].schema;

		assert_true(schema->active_directory == presets[i].active_directory);
		assert_string_equal(schema->attribute[presets[i].attribute], presets[i].name);
		assert_non_null(strstr(schema->recipient_filter, presets[i].part));
		assert_int_equal(schema->quota_unit, presets[i].quota_unit);
		assert_int_equal(schema->size_unit, presets[i].size_unit);
		assert_true(schema->quota_override == !strcmp(presets[i].preset, "zarafa"));
		assert_true(schema->forward_keep == !strcmp(presets[i].preset, "qmail-ldap"));
		conf_free(conf);
	}
}

/* Keys go before the preset; an empty one says that there is no such attribute. */
static void test_overridden(void **state)
{
	struct conf *conf =
		parse_preset("ad-exchange", "quota_unit = 1 size_unit = 1M attribute_quota = "
					    "maxStorage attribute_quota_send = ''");
	const struct conf_schema *schema = &conf->directories[0].schema;

	(void)state;
	assert_int_equal(schema->quota_unit, 1);
	assert_int_equal(schema->size_unit, 1048576);
	assert_string_equal(schema->attribute[CONF_ATTRIBUTE_QUOTA], "maxStorage");
	assert_string_equal(schema->attribute[CONF_ATTRIBUTE_QUOTA_SEND], "");
	assert_string_equal(schema->attribute[CONF_ATTRIBUTE_QUOTA_WARN], "mDBStorageQuota");
	conf_free(conf);
}

static void test_enabled(void **state)
{
	static const struct {
		const char *value;
		enum conf_enabled meaning;
	} cases[] = {
		{ "TRUE", CONF_ENABLED_YES },       { "true", CONF_ENABLED_YES },
		{ "active", CONF_ENABLED_YES },     { "1", CONF_ENABLED_YES },
		{ " Active ", CONF_ENABLED_YES },   { "FALSE", CONF_ENABLED_NO },
		{ "disabled", CONF_ENABLED_NO },    { "Deleted", CONF_ENABLED_NO },
		{ "0", CONF_ENABLED_NO },           { "noaccess", CONF_ENABLED_NO_LOGIN },
		{ "nopop", CONF_ENABLED_NO_LOGIN }, { "", CONF_ENABLED_UNKNOWN },
		{ "activ", CONF_ENABLED_UNKNOWN },  { "activeX", CONF_ENABLED_UNKNOWN },
		{ "2", CONF_ENABLED_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(conf_enabled_value(span_text(cases[i].value)), cases[i].meaning);
}

static void test_attribute_keys(void **state)
{
	(void)state;
	assert_string_equal(conf_attribute_key(CONF_ATTRIBUTE_ID), "attribute_id");
	assert_string_equal(conf_attribute_key(CONF_ATTRIBUTE_MEMBER_UID), "attribute_member_uid");
	for (size_t i = 0; i < CONF_ATTRIBUTES; i++)
		assert_int_equal(strncmp(conf_attribute_key(i), "attribute_", 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complaints), cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_enabled),    cmocka_unit_test(test_values),
		cmocka_unit_test(test_quotas),     cmocka_unit_test(test_presets),
		cmocka_unit_test(test_overridden), cmocka_unit_test(test_attribute_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
