/* SPDX-License-Identifier: ISC */
/* Defaults that depend on other keys or on the machine. */
#include "conf/conf_private.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "mail/address.h"

struct preset {
	const char *name;
	const char *recipient_filter;
	const char *login_filter;
	const char *attribute_id, *attribute_mail, *attribute_alias, *attribute_quota;
};

/*
 * Recipients of AD: persons (sAMAccountType 0x30000000) and groups. Disabled persons
 * are found too, since they get another refusal than unknown ones. A login name with
 * "@" never equals a sAMAccountName, so bob@sales.example does not find bob.
 */
static const struct preset presets[] = {
	{ "ad",
	  "(&(|(sAMAccountType=805306368)(objectClass=group))"
	  "(|(proxyAddresses=smtp:%{address})(mail=%{address})(userPrincipalName=%{address})))",
	  "(&(sAMAccountType=805306368)"
	  "(|(sAMAccountName=%{login})(userPrincipalName=%{login})(mail=%{login})"
	  "(proxyAddresses=smtp:%{login})))",
	  "objectGUID", "mail", "proxyAddresses", "maxStorage" },
	{ "inetorgperson", "(&(objectClass=inetOrgPerson)(mail=%{address}))",
	  "(&(objectClass=inetOrgPerson)(|(uid=%{login})(mail=%{login})))", "entryUUID", "mail", "",
	  "" },
};

static void settle(char **member, const char *fallback)
{
	if (!*member)
		*member = memory_text(fallback);
}

static bool servers_all_ldaps(const struct conf_directory *directory)
{
	for (size_t i = 0; i < directory->servers_count; i++)
		if (!span_starts_nocase(span_text(directory->servers[i]), "ldaps://"))
			return false;
	return directory->servers_count > 0;
}

void conf_directory_defaults(struct conf_directory *directory, bool tls_given)
{
	struct conf_schema *schema = &directory->schema;
	const struct preset *preset = &presets[0];

	/* An unknown preset is complained about later; it gets the first one's values until then.
	 */
	for (size_t i = 0; i < sizeof(presets) / sizeof(*presets); i++)
		if (!strcmp(presets[i].name, schema->preset))
			preset = &presets[i];
	schema->active_directory = preset == &presets[0];
	settle(&schema->recipient_filter, preset->recipient_filter);
	settle(&schema->login_filter, preset->login_filter);
	settle(&schema->attribute_id, preset->attribute_id);
	settle(&schema->attribute_mail, preset->attribute_mail);
	settle(&schema->attribute_alias, preset->attribute_alias);
	settle(&schema->attribute_quota, preset->attribute_quota);
	if (!tls_given && servers_all_ldaps(directory))
		directory->tls = CONF_TLS_IMPLICIT;
	ascii_lower_text(directory->domain);
}

char *conf_host_name(void)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM }, *found;
	char name[256] = "";
	char *full;

	if (gethostname(name, sizeof(name) - 1) != 0 || !domain_valid(span_text(name)))
		return memory_text("localhost");
	if (strchr(name, '.') || getaddrinfo(name, NULL, &hints, &found) != 0)
		return memory_text(name);
	full = memory_text(found->ai_canonname);
	freeaddrinfo(found);
	if (full && domain_valid(span_text(full)))
		return full;
	free(full);
	return memory_text(name);
}

static void settle_text(char **member, const char *fallback)
{
	if (**member)
		return;
	free(*member);
	*member = memory_text(fallback);
}

/* "mailboxes" beside the store's root. */
static void settle_mailboxes(struct conf *conf)
{
	const char *slash = strrchr(conf->store.root, '/');

	if (*conf->mailboxes)
		return;
	free(conf->mailboxes);
	conf->mailboxes = memory_format("%.*s/mailboxes", slash ? (int)(slash - conf->store.root) : 0,
					conf->store.root);
}

void conf_server_defaults(struct conf *conf)
{
	const struct conf_domain *domain = conf_default_domain(conf);
	bool wanted = conf->pop3.enabled && !*conf->pop3.fqdn;
	char *host;

	settle_mailboxes(conf);
	for (size_t i = 0; i < conf->smtps_count; i++)
		wanted |= !*conf->smtps[i].fqdn;
	host = wanted ? conf_host_name() : memory_text("");
	for (size_t i = 0; i < conf->smtps_count; i++) {
		settle_text(&conf->smtps[i].fqdn, host);
		settle_text(&conf->smtps[i].default_domain, domain->name);
		settle_text(&conf->smtps[i].outbound.fqdn, conf->smtps[i].fqdn);
	}
	if (conf->pop3.enabled) {
		settle_text(&conf->pop3.fqdn, host);
		settle_text(&conf->pop3.default_domain, domain->name);
	}
	free(host);
}
