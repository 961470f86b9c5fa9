/* SPDX-License-Identifier: ISC */
#include "directory/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/entry.h"
#include "directory/escape.h"
#include "directory/search.h"

struct facts_source {
	struct connection *connection;
	const struct conf_directory *conf;
	int64_t deadline;
};

static bool copy_value(const struct entry *entry, const char *attribute, char *to, size_t size)
{
	struct span value;

	return entry_value(entry, attribute, 0, &value) && !span_has_nul(value) &&
	       span_copy(value, to, size);
}

/* One entry or none; the caller frees it. */
static struct entry *read_one(const struct facts_source *source, const char *base, int scope,
			      const char *filter, const char *const *attributes)
{
	struct search search = { .base = base,
				 .scope = scope,
				 .filter = filter,
				 .attributes = attributes,
				 .ad = source->conf->schema.active_directory };
	struct search_result result;
	struct entry *entry = NULL;

	search_now(source->connection, &search, source->deadline, &result);
	if (result.code == LDAP_SUCCESS && result.count == 1) {
		entry = result.entries[0];
		result.count = 0;
	}
	search_result_clear(&result);
	return entry;
}

/* The crossRef of our domain in the partitions container (MS-ADTS 6.1.1.2.1.1). */
static void read_names(const struct facts_source *source, const char *configuration,
		       const char *context, struct facts *facts)
{
	static const char *const attributes[] = { "nETBIOSName", "dnsRoot", NULL };
	char *base = memory_format("CN=Partitions,%s", configuration);
	struct buffer filter = BUFFER_EMPTY;
	struct entry *entry;

	buffer_add_text(&filter, "(&(objectClass=crossRef)(nCName=");
	escape_filter_value(&filter, span_text(context));
	buffer_add(&filter, "))", 3);
	entry = read_one(source, base, LDAP_SCOPE_ONELEVEL, buffer_bytes(&filter), attributes);
	if (entry) {
		copy_value(entry, "nETBIOSName", facts->netbios, sizeof(facts->netbios));
		copy_value(entry, "dnsRoot", facts->dns_domain, sizeof(facts->dns_domain));
		ascii_lower_text(facts->dns_domain);
	}
	entry_free(entry);
	free(base);
	buffer_clear(&filter);
}

/* The LDAP ping on the connection itself: where UDP does not get through it is the only one. */
static void read_netlogon(const struct facts_source *source, struct facts *facts)
{
	static const char *const attributes[] = { "netlogon", NULL };
	const char *domain = facts->dns_domain[0] ? facts->dns_domain : source->conf->domain;
	struct buffer filter = BUFFER_EMPTY;
	struct entry *entry;
	struct span value;

	buffer_add_text(&filter, "(&(DnsDomain=");
	escape_filter_value(&filter, span_text(domain));
	buffer_add_text(&filter, ")" NETLOGON_VERSION_FILTER ")");
	buffer_add(&filter, "", 1);
	entry = read_one(source, "", LDAP_SCOPE_BASE, buffer_bytes(&filter), attributes);
	facts->has_netlogon = entry && entry_value(entry, "netlogon", 0, &value) &&
			      netlogon_parse(value, &facts->netlogon);
	entry_free(entry);
	buffer_clear(&filter);
}

bool facts_load(struct connection *connection, const struct conf_directory *conf, int64_t deadline,
		struct facts *facts, char *why, size_t size)
{
	static const char *const attributes[] = { "defaultNamingContext", "namingContexts",
						  "configurationNamingContext", NULL };
	struct facts_source source = { connection, conf, deadline };
	struct entry *root = read_one(&source, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes);
	char context[PERSON_DN_SIZE] = "", configuration[PERSON_DN_SIZE] = "";

	*facts = (struct facts){ 0 };
	if (root && !copy_value(root, "defaultNamingContext", context, sizeof(context)))
		copy_value(root, "namingContexts", context, sizeof(context));
	if (root)
		copy_value(root, "configurationNamingContext", configuration,
			   sizeof(configuration));
	entry_free(root);
	snprintf(facts->base, sizeof(facts->base), "%s", conf->base[0] ? conf->base : context);
	if (conf->schema.active_directory && context[0]) {
		if (configuration[0])
			read_names(&source, configuration, context, facts);
		read_netlogon(&source, facts);
		memcpy(facts->context, context, sizeof(facts->context));
	}
	if (conf->netbios[0])
		snprintf(facts->netbios, sizeof(facts->netbios), "%s", conf->netbios);
	if (facts->base[0])
		return true;
	snprintf(why, size, "the directory does not tell its base: set `base`");
	return false;
}
