/* SPDX-License-Identifier: ISC */
/* What directories of the common kinds call things. */
#include "conf/conf_private.h"

#include <string.h>

#include "base/memory.h"

#define K 1024
#define M (1024 * 1024)

struct preset {
	const char *name;
	bool active_directory, quota_override, forward_keep;
	const char *recipient_filter;
	const char *login_filter;
	uint64_t quota_unit, size_unit;         /* 0 = 1 */
	const char *attribute[CONF_ATTRIBUTES]; /* NULL = "" */
};

/*
 * Recipients of AD: persons (sAMAccountType 0x30000000), groups and contacts. Disabled persons
 * are found too, since they get another refusal than unknown ones. A login name with
 * "@" never equals a sAMAccountName, so bob@sales.example does not find bob.
 */
#define AD_ADDRESS "(proxyAddresses=smtp:%{address})(mail=%{address})(userPrincipalName=%{address})"
#define AD_RECIPIENT                                                                               \
	"(&(|(sAMAccountType=805306368)(objectClass=group)(objectClass=contact))(|" AD_ADDRESS ")" \
											       ")"
#define AD_LOGIN                                                                                   \
	"(&(sAMAccountType=805306368)"                                                             \
	"(|(sAMAccountName=%{login})(userPrincipalName=%{login})(mail=%{login})"                   \
	"(proxyAddresses=smtp:%{login})))"
/* What is asked for may also be the name that somebody had in Exchange, which old replies go to. */
#define EXCHANGE_RECIPIENT                                                                         \
	"(&(|(sAMAccountType=805306368)(objectClass=group)(objectClass=contact)"                   \
	"(objectClass=msExchDynamicDistributionList)(objectClass=publicFolder))(|" AD_ADDRESS      \
	"(legacyExchangeDN=%{address})(proxyAddresses=x500:%{address})))"

/* In every AD, with or without Exchange; targetAddress is there with Exchange only. */
#define AD_ATTRIBUTES                                                                              \
	[CONF_ATTRIBUTE_ID] = "objectGUID", [CONF_ATTRIBUTE_MAIL] = "mail",                        \
	[CONF_ATTRIBUTE_ALIAS] = "proxyAddresses", [CONF_ATTRIBUTE_TARGET] = "targetAddress",      \
	[CONF_ATTRIBUTE_LEGACY_DN] = "legacyExchangeDN", [CONF_ATTRIBUTE_MEMBER] = "member",       \
	[CONF_ATTRIBUTE_OWNER] = "managedBy"

/* ldap-schema/, on any directory. */
#define POSTERN_ATTRIBUTES                                                                         \
	[CONF_ATTRIBUTE_ENABLED] = "posternEnabled",                                               \
	[CONF_ATTRIBUTE_QUOTA] = "posternQuotaReceive",                                            \
	[CONF_ATTRIBUTE_QUOTA_SEND] = "posternQuotaSend",                                          \
	[CONF_ATTRIBUTE_QUOTA_WARN] = "posternQuotaWarn",                                          \
	[CONF_ATTRIBUTE_HOST] = "posternMailHost",                                                 \
	[CONF_ATTRIBUTE_ROUTING_ADDRESS] = "posternRoutingAddress",                                \
	[CONF_ATTRIBUTE_FORWARD] = "posternForward",                                               \
	[CONF_ATTRIBUTE_FORWARD_ADDRESS] = "posternForwardAddress",                                \
	[CONF_ATTRIBUTE_FORWARD_KEEP] = "posternForwardKeep",                                      \
	[CONF_ATTRIBUTE_SIZE_SEND] = "posternSizeSend",                                            \
	[CONF_ATTRIBUTE_SIZE_RECEIVE] = "posternSizeReceive",                                      \
	[CONF_ATTRIBUTE_RECIPIENTS] = "posternRecipients",                                         \
	[CONF_ATTRIBUTE_ACCEPT_FROM] = "posternAcceptFrom",                                        \
	[CONF_ATTRIBUTE_REJECT_FROM] = "posternRejectFrom",                                        \
	[CONF_ATTRIBUTE_ACCEPT_GROUPS] = "posternAcceptGroup",                                     \
	[CONF_ATTRIBUTE_REJECT_GROUPS] = "posternRejectGroup",                                     \
	[CONF_ATTRIBUTE_AUTHENTICATED] = "posternAuthenticatedOnly",                               \
	[CONF_ATTRIBUTE_DELEGATES] = "posternDelegate",                                            \
	[CONF_ATTRIBUTE_MEMBER_ADDRESS] = "posternMemberAddress",                                  \
	[CONF_ATTRIBUTE_REPORT_OWNER] = "posternReportOwner"

/* Groups of RFC 2256 and RFC 2307, which get mail where they have an address. */
#define GROUPS                                                                                     \
	"(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=groupOfURLs)"      \
	"(objectClass=posixGroup)(objectClass=nisMailAlias)"
#define UID_OR_MAIL      "(|(uid=%{login})(mail=%{login}))"
#define PLAIN_ATTRIBUTES [CONF_ATTRIBUTE_ID] = "entryUUID", [CONF_ATTRIBUTE_MAIL] = "mail"
#define PLAIN_GROUPS                                                                               \
	[CONF_ATTRIBUTE_MEMBER] = "member", [CONF_ATTRIBUTE_MEMBER_UID] = "memberUid",             \
	[CONF_ATTRIBUTE_MEMBER_FILTER] = "memberURL", [CONF_ATTRIBUTE_OWNER] = "owner"

static const struct preset presets[] = {
	{ .name = "ad",
	  .active_directory = true,
	  .recipient_filter = AD_RECIPIENT,
	  .login_filter = AD_LOGIN,
	  .attribute = { AD_ATTRIBUTES, [CONF_ATTRIBUTE_QUOTA] = "maxStorage" } },
	{ .name = "ad-exchange",
	  .active_directory = true,
	  .recipient_filter = EXCHANGE_RECIPIENT,
	  .login_filter = AD_LOGIN,
	  .quota_unit = K,
	  .size_unit = K,
	  .attribute = { AD_ATTRIBUTES,
			 [CONF_ATTRIBUTE_QUOTA] = "mDBOverHardQuotaLimit",
			 [CONF_ATTRIBUTE_QUOTA_SEND] = "mDBOverQuotaLimit",
			 [CONF_ATTRIBUTE_QUOTA_WARN] = "mDBStorageQuota",
			 [CONF_ATTRIBUTE_QUOTA_DEFAULTS] = "mDBUseDefaults",
			 [CONF_ATTRIBUTE_FORWARD] = "altRecipient",
			 [CONF_ATTRIBUTE_FORWARD_ADDRESS] = "msExchGenericForwardingAddress",
			 [CONF_ATTRIBUTE_FORWARD_KEEP] = "deliverAndRedirect",
			 [CONF_ATTRIBUTE_SIZE_SEND] = "submissionContLength",
			 [CONF_ATTRIBUTE_SIZE_RECEIVE] = "delivContLength",
			 [CONF_ATTRIBUTE_RECIPIENTS] = "msExchRecipLimit",
			 [CONF_ATTRIBUTE_ACCEPT_FROM] = "authOrig",
			 [CONF_ATTRIBUTE_REJECT_FROM] = "unauthOrig",
			 [CONF_ATTRIBUTE_ACCEPT_GROUPS] = "dLMemSubmitPerms",
			 [CONF_ATTRIBUTE_REJECT_GROUPS] = "dLMemRejectPerms",
			 [CONF_ATTRIBUTE_AUTHENTICATED] = "msExchRequireAuthToSendTo",
			 [CONF_ATTRIBUTE_DELEGATES] = "publicDelegates",
			 [CONF_ATTRIBUTE_MEMBER_FILTER] = "msExchDynamicDLFilter",
			 [CONF_ATTRIBUTE_MEMBER_BASE] = "msExchDynamicDLBaseDN",
			 [CONF_ATTRIBUTE_REPORT_OWNER] = "reportToOwner" } },
	{ .name = "ad-postern",
	  .active_directory = true,
	  .recipient_filter = AD_RECIPIENT,
	  .login_filter = AD_LOGIN,
	  .attribute = { AD_ATTRIBUTES, POSTERN_ATTRIBUTES } },
	{ .name = "postern",
	  .recipient_filter = "(&(|(objectClass=inetOrgPerson)(objectClass=posternMailbox)" GROUPS
			      ")(|(mail=%{address})(posternAlias=%{address})))",
	  .login_filter = "(&(|(objectClass=inetOrgPerson)(objectClass=posternMailbox))"
			  "(|(uid=%{login})(mail=%{login})(posternAlias=%{login})))",
	  .attribute = { PLAIN_ATTRIBUTES, PLAIN_GROUPS,
			 POSTERN_ATTRIBUTES, [CONF_ATTRIBUTE_ALIAS] = "posternAlias" } },
	/* misc.schema of OpenLDAP: inetLocalMailRecipient, beside whatever a person is. */
	{ .name = "openldap-laser",
	  .recipient_filter =
		  "(&(|(objectClass=inetOrgPerson)(objectClass=inetLocalMailRecipient)" GROUPS
		  ")(|(mailLocalAddress=%{address})(mail=%{address})))",
	  .login_filter = "(&(|(objectClass=inetOrgPerson)(objectClass=inetLocalMailRecipient))"
			  "(|(uid=%{login})(mail=%{login})(mailLocalAddress=%{login})))",
	  .attribute = { PLAIN_ATTRIBUTES,
			 PLAIN_GROUPS, [CONF_ATTRIBUTE_ALIAS] = "mailLocalAddress",
			 [CONF_ATTRIBUTE_HOST] = "mailHost",
			 [CONF_ATTRIBUTE_ROUTING_ADDRESS] = "mailRoutingAddress",
			 [CONF_ATTRIBUTE_MEMBER_ADDRESS] = "rfc822MailMember" } },
	{ .name = "inetorgperson",
	  .recipient_filter = "(&(|(objectClass=inetOrgPerson)" GROUPS ")(mail=%{address}))",
	  .login_filter = "(&(objectClass=inetOrgPerson)" UID_OR_MAIL ")",
	  .attribute = { PLAIN_ATTRIBUTES, PLAIN_GROUPS } },
	/* accountStatus: active, noaccess, disabled, deleted; deliveryMode: nolocal among others.
	 */
	{ .name = "qmail-ldap",
	  .forward_keep = true,
	  .recipient_filter = "(&(|(objectClass=qmailUser)(objectClass=qmailGroup))"
			      "(|(mail=%{address})(mailAlternateAddress=%{address})))",
	  .login_filter = "(&(objectClass=qmailUser)"
			  "(|(uid=%{login})(mail=%{login})(mailAlternateAddress=%{login})))",
	  .attribute = { PLAIN_ATTRIBUTES, [CONF_ATTRIBUTE_ALIAS] = "mailAlternateAddress",
			 [CONF_ATTRIBUTE_ENABLED] = "accountStatus",
			 [CONF_ATTRIBUTE_QUOTA] = "mailQuotaSize",
			 [CONF_ATTRIBUTE_HOST] = "mailHost",
			 [CONF_ATTRIBUTE_FORWARD_ADDRESS] = "mailForwardingAddress",
			 [CONF_ATTRIBUTE_FORWARD_KEEP] = "deliveryMode",
			 [CONF_ATTRIBUTE_SIZE_RECEIVE] = "mailSizeMax",
			 [CONF_ATTRIBUTE_ACCEPT_FROM] = "dnsender",
			 [CONF_ATTRIBUTE_MEMBER] = "dnmember",
			 [CONF_ATTRIBUTE_MEMBER_ADDRESS] = "rfc822member",
			 [CONF_ATTRIBUTE_MEMBER_FILTER] = "filtermember" } },
	/* An alias of nis.schema has a name and no domain: it is one in each domain of the
	   directory. */
	{ .name = "rfc2307-alias",
	  .recipient_filter = "(|(&(objectClass=nisMailAlias)(cn=%{local}))"
			      "(&(|(objectClass=posixAccount)(objectClass=inetOrgPerson)"
			      "(objectClass=posixGroup))(mail=%{address})))",
	  .login_filter =
		  "(&(|(objectClass=posixAccount)(objectClass=inetOrgPerson))" UID_OR_MAIL ")",
	  .attribute = { PLAIN_ATTRIBUTES, [CONF_ATTRIBUTE_MEMBER_ADDRESS] = "rfc822MailMember",
			 [CONF_ATTRIBUTE_MEMBER_UID] = "memberUid" } },
	{ .name = "zarafa",
	  .quota_override = true,
	  .quota_unit = M,
	  .recipient_filter = "(&(|(objectClass=zarafa-user)(objectClass=zarafa-group)"
			      "(objectClass=zarafa-dynamicgroup)(objectClass=zarafa-contact))"
			      "(|(mail=%{address})(zarafaAliases=%{address})))",
	  .login_filter = "(&(objectClass=zarafa-user)"
			  "(|(uid=%{login})(mail=%{login})(zarafaAliases=%{login})))",
	  .attribute = { PLAIN_ATTRIBUTES, [CONF_ATTRIBUTE_ALIAS] = "zarafaAliases",
			 [CONF_ATTRIBUTE_ENABLED] = "zarafaAccount",
			 [CONF_ATTRIBUTE_QUOTA] = "zarafaQuotaHard",
			 [CONF_ATTRIBUTE_QUOTA_SEND] = "zarafaQuotaSoft",
			 [CONF_ATTRIBUTE_QUOTA_WARN] = "zarafaQuotaWarn",
			 [CONF_ATTRIBUTE_QUOTA_DEFAULTS] = "zarafaQuotaOverride",
			 [CONF_ATTRIBUTE_HOST] = "zarafaUserServer",
			 [CONF_ATTRIBUTE_MEMBER] = "member",
			 [CONF_ATTRIBUTE_MEMBER_UID] = "memberUid",
			 [CONF_ATTRIBUTE_MEMBER_FILTER] = "zarafaFilter",
			 [CONF_ATTRIBUTE_MEMBER_BASE] = "zarafaBase" } },
};

static const struct preset *preset_find(const char *name)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(*presets); i++)
		if (strcmp(presets[i].name, name) == 0)
			return &presets[i];
	return NULL;
}

static void settle(char **member, const char *fallback)
{
	if (!*member)
		*member = memory_text(fallback ? fallback : "");
}

static void settle_unit(uint64_t *member, uint64_t fallback)
{
	if (*member == 0)
		*member = fallback ? fallback : 1;
}

void conf_preset_apply(struct conf_schema *schema)
{
	const struct preset *preset = preset_find(schema->preset);

	/* An unknown one is complained about later; it gets the first one's values until then. */
	if (!preset)
		preset = &presets[0];
	schema->active_directory = preset->active_directory;
	schema->quota_override = preset->quota_override;
	schema->forward_keep = preset->forward_keep;
	settle(&schema->recipient_filter, preset->recipient_filter);
	settle(&schema->login_filter, preset->login_filter);
	for (size_t i = 0; i < CONF_ATTRIBUTES; i++)
		settle(&schema->attribute[i], preset->attribute[i]);
	settle_unit(&schema->quota_unit, preset->quota_unit);
	settle_unit(&schema->size_unit, preset->size_unit);
}

enum conf_enabled conf_enabled_value(struct span value)
{
	static const struct {
		const char *word;
		enum conf_enabled meaning;
	} words[] = {
		{ "TRUE", CONF_ENABLED_YES },         { "1", CONF_ENABLED_YES },
		{ "yes", CONF_ENABLED_YES },          { "enabled", CONF_ENABLED_YES },
		{ "active", CONF_ENABLED_YES },       { "noaccess", CONF_ENABLED_NO_LOGIN },
		{ "nopop", CONF_ENABLED_NO_LOGIN },   { "FALSE", CONF_ENABLED_NO },
		{ "0", CONF_ENABLED_NO },             { "no", CONF_ENABLED_NO },
		{ "disabled", CONF_ENABLED_NO },      { "deleted", CONF_ENABLED_NO },
		{ "inactive", CONF_ENABLED_NO },
	};

	value = span_trim(value);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (span_is_nocase(value, words[i].word))
			return words[i].meaning;
	return CONF_ENABLED_UNKNOWN;
}

const char *conf_preset_name(size_t index)
{
	return index < sizeof(presets) / sizeof(*presets) ? presets[index].name : NULL;
}

bool conf_preset_known(const char *name)
{
	return preset_find(name) != NULL;
}
