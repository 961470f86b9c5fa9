/* SPDX-License-Identifier: ISC */
/* What directories of the common kinds call things. */
#include "conf/conf_private.h"

#include <string.h>

#include "base/memory.h"

struct preset {
	const char *name;
	bool active_directory;
	const char *recipient_filter;
	const char *login_filter;
	const char *attribute[CONF_ATTRIBUTES]; /* NULL = "" */
	uint64_t quota_unit, size_unit;         /* 0 = 1 */
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
	settle(&schema->recipient_filter, preset->recipient_filter);
	settle(&schema->login_filter, preset->login_filter);
	for (size_t i = 0; i < CONF_ATTRIBUTES; i++)
		settle(&schema->attribute[i], preset->attribute[i]);
	settle_unit(&schema->quota_unit, preset->quota_unit);
	settle_unit(&schema->size_unit, preset->size_unit);
}

const char *conf_preset_names(void)
{
	return "\"ad\", \"inetorgperson\"";
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

bool conf_preset_known(const char *name)
{
	return preset_find(name) != NULL;
}
