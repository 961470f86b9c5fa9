/* SPDX-License-Identifier: ISC */
#include "directory/forest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/credentials.h"
#include "directory/dn.h"
#include "directory/entry.h"
#include "directory/lookup.h"

enum { PLACES_MAX = 9 /* the catalog, and other domains */, CATALOG = 0, DOMAIN_SIZE = 256 };

/* Servers of one kind, with all that is needed to ask them. */
struct place {
	char domain[DOMAIN_SIZE];
	struct conf_directory conf; /* the directory's with other servers */
	struct credentials *credentials;
	struct locator *locator;
	struct lookup *lookup;
	struct checker *checker;
};

struct forest {
	struct directory *directory;
	struct watchdog *watchdog;
	pthread_mutex_t mutex;
	struct place places[PLACES_MAX];
	size_t count; /* those that are connected, the catalog the first */
};

struct forest *forest_open(struct directory *directory, char *room, size_t size)
{
	struct forest *forest = memory_new(sizeof(*forest));
	char purpose[32];

	forest->directory = directory;
	pthread_mutex_init(&forest->mutex, NULL);
	for (size_t i = 0; i < PLACES_MAX && directory->credentials; i++) {
		snprintf(purpose, sizeof(purpose), "forest-%zu", i);
		forest->places[i].credentials =
			credentials_open(directory->section, purpose, room, size);
		if (!forest->places[i].credentials) {
			forest_close(forest);
			return NULL;
		}
	}
	return forest;
}

void forest_start(struct forest *forest, struct watchdog *watchdog)
{
	forest->watchdog = watchdog;
}

static void close_place(struct place *place)
{
	lookup_free(place->lookup);
	checker_free(place->checker);
	credentials_close(place->credentials);
	locator_free(place->locator);
	for (size_t i = 0; i < place->conf.servers_count; i++)
		free(place->conf.servers[i]);
	free(place->conf.servers);
}

void forest_close(struct forest *forest)
{
	if (!forest)
		return;
	for (size_t i = 0; i < PLACES_MAX; i++)
		close_place(&forest->places[i]);
	pthread_mutex_destroy(&forest->mutex);
	free(forest);
}

/* Of configured servers those of the same hosts that are catalogs: 3268, with TLS 3269. */
static void name_catalogs(struct place *place, const struct conf_directory *section)
{
	struct server server;
	const char *why;

	place->conf.servers = memory_array(section->servers_count + 1, sizeof(char *));
	for (size_t i = 0; i < section->servers_count; i++)
		if (server_parse(section->servers[i], &server, &why)) {
			bool v6 = strchr(server.host, ':') != NULL;

			place->conf.servers[place->conf.servers_count++] = memory_format(
				"%s://%s%s%s:%d", server.implicit ? "ldaps" : "ldap", v6 ? "[" : "",
				server.host, v6 ? "]" : "", server.implicit ? 3269 : 3268);
		}
}

/* The mutex is held. */
static bool connect_place(struct forest *forest, struct place *place, const char *domain,
			  bool catalog)
{
	const struct conf_directory *section = forest->directory->section;
	struct lookup_tools tools = { .conf = &place->conf,
				      .credentials = place->credentials,
				      .password = span_text(forest->directory->password),
				      .watchdog = forest->watchdog };
	static char nothing[] = "";
	const char *why;

	snprintf(place->domain, sizeof(place->domain), "%s", domain);
	place->conf = *section;
	place->conf.domain = place->domain;
	place->conf.base = place->conf.netbios = nothing;
	place->conf.servers = NULL;
	place->conf.servers_count = 0;
	if (catalog && section->servers_count > 0)
		name_catalogs(place, section);
	place->locator = locator_new(&place->conf, &why);
	if (!place->locator)
		return false;
	locator_serve(place->locator, catalog ? SRV_GLOBAL_CATALOG : SRV_LDAP);
	locator_start(place->locator);
	tools.locator = place->locator;
	place->lookup = lookup_new(&tools);
	if (!catalog)
		place->checker = checker_new(&place->conf, place->locator, forest->watchdog);
	log_info("directory.forest", LOG_TEXT("directory", section->name),
		 LOG_TEXT(catalog ? "catalog_of" : "domain", domain));
	return true;
}

/* A text of the rootDSE. */
static bool read_root(struct lookup *lookup, const char *attribute, int64_t deadline, char *to,
		      size_t size)
{
	const char *attributes[] = { attribute, NULL };
	struct search search = { .base = "",
				 .scope = LDAP_SCOPE_BASE,
				 .filter = "(objectClass=*)",
				 .attributes = attributes };
	struct search_result result;
	struct span value;
	bool good = lookup_search(lookup, &search, deadline, &result) && result.count == 1 &&
		    entry_value(result.entries[0], attribute, 0, &value) &&
		    span_copy(value, to, size);

	search_result_clear(&result);
	return good;
}

/* Who looks for an attribute that a catalog does not hold finds nobody, so that is told. */
static void check_attribute(struct forest *forest, const char *schema, const char *attribute,
			    int64_t deadline)
{
	static const char *const none[] = { LDAP_NO_ATTRS, NULL };
	char *filter = memory_format("(&(lDAPDisplayName=%s)(isMemberOfPartialAttributeSet=TRUE))",
				     attribute);
	struct search search = { .base = schema,
				 .scope = LDAP_SCOPE_ONELEVEL,
				 .filter = filter,
				 .attributes = none,
				 .ad = true };
	struct search_result result;

	if (attribute && attribute[0] &&
	    lookup_search(forest->directory->lookup, &search, deadline, &result)) {
		if (result.count == 0)
			log_warning(
				"directory.forest",
				LOG_TEXT("directory", forest->directory->section->name),
				LOG_TEXT("attribute", attribute),
				LOG_TEXT("cause", "global catalogs do not hold it: people of other "
						  "domains are not found by it"),
				LOG_TEXT("do", "set isMemberOfPartialAttributeSet in the schema"));
		search_result_clear(&result);
	}
	free(filter);
}

static void check_schema(struct forest *forest, int64_t deadline)
{
	const struct conf_schema *schema = &forest->directory->section->schema;
	char context[PERSON_DN_SIZE];

	if (!read_root(forest->directory->lookup, "schemaNamingContext", deadline, context,
		       sizeof(context)))
		return;
	check_attribute(forest, context, schema->attribute[CONF_ATTRIBUTE_MAIL], deadline);
	check_attribute(forest, context, schema->attribute[CONF_ATTRIBUTE_ALIAS], deadline);
}

/* NULL while the forest's name cannot be had. */
static struct lookup *find_catalog(struct forest *forest, int64_t deadline)
{
	struct place *place = &forest->places[CATALOG];
	char context[PERSON_DN_SIZE], domain[DOMAIN_SIZE];
	bool fresh = false;

	pthread_mutex_lock(&forest->mutex);
	if (!place->lookup &&
	    read_root(forest->directory->lookup, "rootDomainNamingContext", deadline, context,
		      sizeof(context)) &&
	    dn_domain(context, domain, sizeof(domain)))
		fresh = connect_place(forest, place, domain, true);
	pthread_mutex_unlock(&forest->mutex);
	if (fresh)
		check_schema(forest, deadline);
	return place->lookup;
}

/* The mutex is held. */
static struct place *find_domain(struct forest *forest, const char *domain)
{
	for (size_t i = CATALOG + 1; i < PLACES_MAX; i++) {
		struct place *place = &forest->places[i];

		if (!place->lookup && !connect_place(forest, place, domain, false))
			return NULL;
		if (strcmp(place->domain, domain) == 0)
			return place;
	}
	return NULL;
}

/* False: it is of the directory's own domain, or nothing is known of others. *place NULL: too many.
 */
static bool find_home(struct directory *directory, const char *dn, struct place **place)
{
	char domain[DOMAIN_SIZE], own[DOMAIN_SIZE];
	struct facts facts;

	if (!directory->forest || !dn_domain(dn, domain, sizeof(domain)) ||
	    !lookup_facts(directory->lookup, 0, &facts) ||
	    !dn_domain(facts.context, own, sizeof(own)) || strcmp(domain, own) == 0)
		return false;
	pthread_mutex_lock(&directory->forest->mutex);
	*place = find_domain(directory->forest, domain);
	pthread_mutex_unlock(&directory->forest->mutex);
	return true;
}

struct lookup *forest_lookup(struct directory *directory, const char *dn)
{
	struct place *place;

	if (!dn || !find_home(directory, dn, &place))
		return directory->lookup;
	return place ? place->lookup : NULL;
}

struct checker *forest_checker(struct directory *directory, const char *dn)
{
	struct place *place;

	if (!find_home(directory, dn, &place))
		return directory->checker;
	return place ? place->checker : NULL;
}

/* The entry's name, and one more of two; how many there are, -1 = no answer. */
static int find_names(struct lookup *catalog, const char *filter, int64_t deadline,
		      struct directory_hit *hit)
{
	static const char *const none[] = { LDAP_NO_ATTRS, NULL };
	struct search search = { .base = "",
				 .scope = LDAP_SCOPE_SUBTREE,
				 .filter = filter,
				 .attributes = none,
				 .ad = true };
	struct search_result result;
	int count = -1;

	if (lookup_search(catalog, &search, deadline, &result)) {
		count = (int)result.count;
		if (count > 0)
			snprintf(hit->person.dn, sizeof(hit->person.dn), "%s",
				 entry_dn(result.entries[0]));
		if (count > 1)
			snprintf(hit->other, sizeof(hit->other), "%s", entry_dn(result.entries[1]));
	} else {
		hit->unanswered = !result.server[0] || error_is_of_server(result.code);
		snprintf(hit->cause, sizeof(hit->cause), "global catalog: %.200s",
			 result.diagnostic[0] ? result.diagnostic : ldap_err2string(result.code));
	}
	memcpy(hit->server, result.server, sizeof(hit->server));
	search_result_clear(&result);
	return count;
}

/* What a catalog does not hold of it is read at home. */
static void read_at_home(struct directory *directory, const struct ldap_question *question,
			 int64_t deadline, struct directory_hit *hit)
{
	struct ldap_question at_home = *question;
	char dn[PERSON_DN_SIZE];

	memcpy(dn, hit->person.dn, sizeof(dn));
	at_home.search.base = dn;
	at_home.search.scope = LDAP_SCOPE_BASE;
	at_home.search.filter = "(objectClass=*)";
	ldap_ask(directory, &at_home, deadline, hit);
	snprintf(hit->filter, sizeof(hit->filter), "%s", question->search.filter);
	/* The catalog is behind: it has gone, or has moved to another place. */
	if (hit->found == DIRECTORY_NOBODY) {
		hit->found = DIRECTORY_FAILED;
		snprintf(hit->cause, sizeof(hit->cause),
			 "a global catalog knows %.200s, its domain does not", dn);
	}
}

void forest_ask(struct directory *directory, const struct ldap_question *question, int64_t deadline,
		struct directory_hit *hit)
{
	struct lookup *catalog = find_catalog(directory->forest, deadline);
	int count = -1;

	*hit = (struct directory_hit){ .found = DIRECTORY_FAILED, .unanswered = true };
	snprintf(hit->cause, sizeof(hit->cause), "the forest of the directory is not known yet");
	snprintf(hit->filter, sizeof(hit->filter), "%s", question->search.filter);
	if (catalog)
		count = find_names(catalog, question->search.filter, deadline, hit);
	if (count == 1) {
		read_at_home(directory, question, deadline, hit);
	} else if (count == 0) {
		/* In its own domain somebody is found by what catalogs do not hold, too. */
		ldap_ask(directory, question, deadline, hit);
	} else if (count > 1) {
		hit->found = DIRECTORY_MANY;
		hit->unanswered = false;
		snprintf(hit->cause, sizeof(hit->cause),
			 "more than one entry of the forest for %.220s", question->search.filter);
	}
}
