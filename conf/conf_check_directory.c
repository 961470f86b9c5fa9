/* SPDX-License-Identifier: ISC */
/* Directories: how they are found and bound to, and that no password crosses a network in the
 * clear. */
#include "conf/conf_private.h"

#include <stdio.h>
#include <string.h>

static void check_found(struct conf_reading *reading, const struct conf_directory *directory)
{
	if (!*directory->domain && directory->servers_count == 0)
		conf_tell(reading, directory->line,
			  "directory \"%s\" has neither domain nor servers: write domain = "
			  "\"example.com\" to look its servers up in the DNS, or servers = "
			  "{\"ldap://dc1.example.com\"}",
			  directory->name);
	if (*directory->domain && !conf_domain_name_valid(span_text(directory->domain)))
		conf_tell_key(reading, directory->line, "domain",
			      "domain \"%s\" is no domain name: write one like example.com",
			      directory->domain);
}

/* A site's name is one label of a DNS name. */
static void check_site(struct conf_reading *reading, const struct conf_directory *directory)
{
	if (!*directory->site)
		return;
	if (strlen(directory->site) > 63 || strpbrk(directory->site, ". \t\\"))
		conf_tell_key(reading, directory->line, "site",
			      "site \"%s\" is no name of a site: write one like "
			      "Default-First-Site-Name",
			      directory->site);
	else if (!*directory->domain || directory->servers_count > 0)
		conf_tell_key(reading, directory->line, "site",
			      "site has no effect where servers are listed: remove it, or replace "
			      "servers by domain = \"example.com\"");
	else if (!directory->schema.active_directory)
		conf_tell_key(reading, directory->line, "site",
			      "only Active Directory has sites: remove site");
}

/* An address says ldaps:// if, and only if, tls does. */
static void check_scheme(struct conf_reading *reading, const struct conf_directory *directory,
			 const char *server, bool ldaps)
{
	if (ldaps && directory->tls != CONF_TLS_IMPLICIT)
		conf_tell_key(reading, directory->line, "servers",
			      "server \"%s\" is for tls = \"ldaps\": set that, or write ldap://",
			      server);
	if (!ldaps && directory->tls == CONF_TLS_IMPLICIT)
		conf_tell_key(reading, directory->line, "servers",
			      "tls is \"ldaps\", but server \"%s\" is not: write ldaps://", server);
}

static bool check_addresses(struct conf_reading *reading, const struct conf_directory *directory)
{
	bool all_loopback = directory->servers_count > 0;

	for (size_t i = 0; i < directory->servers_count; i++) {
		bool ldaps = false, loopback = false;
		const char *why, *server = directory->servers[i];

		if (!conf_server_parse(server, &ldaps, &loopback, &why))
			conf_tell_key(reading, directory->line, "servers", "server \"%s\": %s",
				      server, why);
		else
			check_scheme(reading, directory, server, ldaps);
		all_loopback &= loopback;
	}
	return all_loopback;
}

static void check_tls(struct conf_reading *reading, const struct conf_directory *directory,
		      bool all_loopback)
{
	if (directory->plain_loopback && !all_loopback)
		conf_tell_key(reading, directory->line, "allow_plaintext_on_loopback",
			      "allow_plaintext_on_loopback is for tests with servers = "
			      "{\"ldap://127.0.0.1\"} or [::1]: remove it");
	else if (directory->tls == CONF_TLS_NONE && !directory->plain_loopback)
		conf_tell_key(reading, directory->line, "tls",
			      "tls = \"none\" would send passwords in the clear: write tls = "
			      "\"starttls\" or \"ldaps\"");
}

static void check_bind(struct conf_reading *reading, const struct conf_directory *directory)
{
	unsigned line = directory->line;

	if (directory->bind == CONF_BIND_GSSAPI && !*directory->keytab)
		conf_tell_key(reading, line, "bind",
			      "bind = \"gssapi\" needs a keytab: add keytab = "
			      "\"/etc/postern/postern.keytab\", or write bind = \"simple\"");
	if (directory->bind == CONF_BIND_SIMPLE && !*directory->bind_dn)
		conf_tell_key(reading, line, "bind",
			      "bind = \"simple\" needs bind_dn: add the DN of the account that may "
			      "search");
	if (directory->bind == CONF_BIND_SIMPLE && !*directory->password_file)
		conf_tell_key(reading, line, "bind",
			      "bind = \"simple\" needs password_file: name a file whose first line "
			      "is the password of bind_dn");
}

static void check_filters(struct conf_reading *reading, const struct conf_directory *directory)
{
	static const char *const recipient[] = { "address", "local", "domain", NULL };
	static const char *const login[] = { "login", "user", "domain", NULL };
	char why[300];

	if (!conf_filter_check(directory->schema.recipient_filter, recipient, 2, why, sizeof(why)))
		conf_tell_key(reading, directory->line, "recipient_filter", "recipient_filter %s",
			      why);
	if (!conf_filter_check(directory->schema.login_filter, login, 2, why, sizeof(why)))
		conf_tell_key(reading, directory->line, "login_filter", "login_filter %s", why);
}

/* attributedescription of RFC 4512 section 2.5, options not allowed. */
static bool attribute_valid(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!ascii_is_alnum(*at) && *at != '-' && *at != '.')
			return false;
	return ascii_is_alnum(name[0]);
}

static void check_attribute(struct conf_reading *reading, const struct conf_directory *directory,
			    const char *key, const char *name, bool needed)
{
	if (!*name && needed)
		conf_tell_key(reading, directory->line, key, "%s is empty: name an attribute", key);
	if (*name && !attribute_valid(name))
		conf_tell_key(reading, directory->line, key,
			      "%s \"%s\" is no attribute name: write letters, digits and hyphens, "
			      "or an OID",
			      key, name);
}

static void check_preset(struct conf_reading *reading, const struct conf_directory *directory)
{
	char known[200] = "";
	size_t used = 0;

	if (conf_preset_known(directory->schema.preset))
		return;
	for (size_t i = 0; conf_preset_name(i); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s\"%s\"",
					 used ? ", " : "", conf_preset_name(i));
	conf_tell_key(reading, directory->line, "preset",
		      "preset \"%s\" is not known: write one of %s", directory->schema.preset,
		      known);
}

static void check_schema(struct conf_reading *reading, const struct conf_directory *directory)
{
	const struct conf_schema *schema = &directory->schema;

	check_preset(reading, directory);
	if (conf_preset_known(schema->preset) && !schema->active_directory && !*directory->base)
		conf_tell(reading, directory->line,
			  "directory \"%s\" has no base: add base = \"dc=example,dc=com\", which "
			  "only Active Directory can be asked for",
			  directory->name);
	if (directory->global_catalog && !schema->active_directory)
		conf_tell_key(reading, directory->line, "global_catalog",
			      "only Active Directory has a global catalog: remove global_catalog");
	check_filters(reading, directory);
	for (size_t i = 0; i < CONF_ATTRIBUTES; i++)
		check_attribute(reading, directory, conf_attribute_key(i), schema->attribute[i],
				i == CONF_ATTRIBUTE_ID || i == CONF_ATTRIBUTE_MAIL);
}

void conf_check_directories(struct conf_reading *reading)
{
	const struct conf *conf = reading->conf;

	if (conf->method != CONF_METHOD_DIRECTORY)
		return;
	for (size_t i = 0; i < conf->directories_count; i++) {
		const struct conf_directory *directory = &conf->directories[i];

		if (!*directory->name)
			conf_tell(reading, directory->line,
				  "directory has an empty name: write directory \"name\" { ... }");
		check_found(reading, directory);
		check_site(reading, directory);
		check_tls(reading, directory, check_addresses(reading, directory));
		check_bind(reading, directory);
		check_schema(reading, directory);
	}
}
