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

static bool servers_all_ldaps(const struct conf_directory *directory)
{
	for (size_t i = 0; i < directory->servers_count; i++)
		if (!span_starts_nocase(span_text(directory->servers[i]), "ldaps://"))
			return false;
	return directory->servers_count > 0;
}

void conf_directory_defaults(struct conf_directory *directory, bool tls_given)
{
	conf_preset_apply(&directory->schema);
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
