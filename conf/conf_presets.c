/* SPDX-License-Identifier: ISC */
/* What directories of the common kinds call things. */
#include "conf/conf_private.h"

#include <string.h>

#include "base/memory.h"

static const char *const keys[CONF_ATTRIBUTES] = {
	[CONF_ATTRIBUTE_ID] = "attribute_id",
	[CONF_ATTRIBUTE_MAIL] = "attribute_mail",
	[CONF_ATTRIBUTE_ALIAS] = "attribute_alias",
	[CONF_ATTRIBUTE_ENABLED] = "attribute_enabled",
	[CONF_ATTRIBUTE_QUOTA] = "attribute_quota",
	[CONF_ATTRIBUTE_QUOTA_SEND] = "attribute_quota_send",
	[CONF_ATTRIBUTE_QUOTA_WARN] = "attribute_quota_warn",
	[CONF_ATTRIBUTE_QUOTA_DEFAULTS] = "attribute_quota_defaults",
	[CONF_ATTRIBUTE_HOST] = "attribute_host",
	[CONF_ATTRIBUTE_ROUTING_ADDRESS] = "attribute_routing_address",
	[CONF_ATTRIBUTE_TARGET] = "attribute_target",
	[CONF_ATTRIBUTE_FORWARD] = "attribute_forward",
	[CONF_ATTRIBUTE_FORWARD_ADDRESS] = "attribute_forward_address",
	[CONF_ATTRIBUTE_FORWARD_KEEP] = "attribute_forward_keep",
	[CONF_ATTRIBUTE_SIZE_SEND] = "attribute_size_send",
	[CONF_ATTRIBUTE_SIZE_RECEIVE] = "attribute_size_receive",
	[CONF_ATTRIBUTE_RECIPIENTS] = "attribute_recipients",
	[CONF_ATTRIBUTE_ACCEPT_FROM] = "attribute_accept_from",
	[CONF_ATTRIBUTE_REJECT_FROM] = "attribute_reject_from",
	[CONF_ATTRIBUTE_ACCEPT_GROUPS] = "attribute_accept_groups",
	[CONF_ATTRIBUTE_REJECT_GROUPS] = "attribute_reject_groups",
	[CONF_ATTRIBUTE_AUTHENTICATED] = "attribute_authenticated",
	[CONF_ATTRIBUTE_DELEGATES] = "attribute_delegates",
	[CONF_ATTRIBUTE_LEGACY_DN] = "attribute_legacy_dn",
	[CONF_ATTRIBUTE_MEMBER] = "attribute_member",
	[CONF_ATTRIBUTE_MEMBER_ADDRESS] = "attribute_member_address",
	[CONF_ATTRIBUTE_MEMBER_UID] = "attribute_member_uid",
	[CONF_ATTRIBUTE_MEMBER_FILTER] = "attribute_member_filter",
	[CONF_ATTRIBUTE_MEMBER_BASE] = "attribute_member_base",
	[CONF_ATTRIBUTE_OWNER] = "attribute_owner",
	[CONF_ATTRIBUTE_REPORT_OWNER] = "attribute_report_owner",
};

struct preset {
	const char *name;
	bool active_directory;
	const char *recipient_filter;
	const char *login_filter;
	const char *attribute[CONF_ATTRIBUTES]; /* NULL = "" */
};

/*
 * Recipients of AD: persons (sAMAccountType 0x30000000) and groups. Disabled persons
 * are found too, since they get another refusal than unknown ones. A login name with
 * "@" never equals a sAMAccountName, so bob@sales.example does not find bob.
 */
static const struct preset presets[] = {
	{ .name = "ad",
	  .active_directory = true,
	  .recipient_filter =
		  "(&(|(sAMAccountType=805306368)(objectClass=group))"
		  "(|(proxyAddresses=smtp:%{address})(mail=%{address})(userPrincipalName=%{address})))",
	  .login_filter = "(&(sAMAccountType=805306368)"
			  "(|(sAMAccountName=%{login})(userPrincipalName=%{login})(mail=%{login})"
			  "(proxyAddresses=smtp:%{login})))",
	  .attribute = { [CONF_ATTRIBUTE_ID] = "objectGUID",
			 [CONF_ATTRIBUTE_MAIL] = "mail",
			 [CONF_ATTRIBUTE_ALIAS] = "proxyAddresses",
			 [CONF_ATTRIBUTE_QUOTA] = "maxStorage" } },
	{ .name = "inetorgperson",
	  .recipient_filter = "(&(objectClass=inetOrgPerson)(mail=%{address}))",
	  .login_filter = "(&(objectClass=inetOrgPerson)(|(uid=%{login})(mail=%{login})))",
	  .attribute = { [CONF_ATTRIBUTE_ID] = "entryUUID", [CONF_ATTRIBUTE_MAIL] = "mail" } },
};

const char *conf_attribute_key(enum conf_attribute attribute)
{
	return keys[attribute];
}

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

void conf_preset_apply(struct conf_schema *schema)
{
	const struct preset *preset = preset_find(schema->preset);

	/* An unknown one is complained about later; it gets the first one's values until then. */
	if (!preset)
		preset = &presets[0];
	schema->active_directory = preset->active_directory;
	settle(&schema->recipient_filter, preset->recipient_filter);
	settle(&schema->login_filter, preset->login_filter);
	for (size_t i = 0; i < CONF_ATTRIBUTES; i++)
		settle(&schema->attribute[i], preset->attribute[i]);
}

bool conf_preset_known(const char *name)
{
	return preset_find(name) != NULL;
}
