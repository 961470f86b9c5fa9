/* SPDX-License-Identifier: ISC */
/* The method directory: entries of an LDAP server, and binds as them. */
#include "directory/directory_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/cache.h"
#include "directory/changes.h"
#include "directory/credentials.h"
#include "directory/entry.h"
#include "directory/escape.h"
#include "directory/forest.h"
#include "directory/locator.h"
#include "directory/lookup.h"
#include "directory/memberships.h"

static bool read_password(struct directory *directory, char *room, size_t size)
{
	const char *file = directory->section->password_file;
	int descriptor = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t length = -1;

	if (descriptor >= 0) {
		length = read(descriptor, directory->password, sizeof(directory->password) - 1);
		close(descriptor);
	}
	if (length < 0) {
		snprintf(room, size, "%s: cannot be read", file);
		return false;
	}
	directory->password[length] = '\0';
	directory->password[strcspn(directory->password, "\r\n")] = '\0';
	if (directory->password[0])
		return true;
	snprintf(room, size, "%s: the first line is empty", file);
	return false;
}

static bool open_secrets(struct directory *directory, char *room, size_t size)
{
	if (directory->section->bind == CONF_BIND_SIMPLE)
		return read_password(directory, room, size);
	directory->credentials = credentials_open(directory->section, "search", room, size);
	return directory->credentials != NULL;
}

static bool open_filters(struct directory *directory, char *room, size_t size)
{
	const struct conf_schema *schema = &directory->section->schema;
	const char *why;

	directory->recipient = filter_new(span_text(schema->recipient_filter), &why);
	if (directory->recipient)
		directory->login = filter_new(span_text(schema->login_filter), &why);
	if (directory->login)
		return true;
	snprintf(room, size, "directory %s: filter: %s", directory->section->name, why);
	return false;
}

static bool open_locator(struct directory *directory, char *room, size_t size)
{
	const char *why;

	directory->locator = locator_new(directory->section, &why);
	if (!directory->locator)
		snprintf(room, size, "directory %s: servers: %s", directory->section->name, why);
	return directory->locator != NULL;
}

static bool open_forest(struct directory *directory, char *room, size_t size)
{
	if (!directory->section->global_catalog)
		return true;
	directory->forest = forest_open(directory, room, size);
	return directory->forest != NULL;
}

static bool ldap_open(struct directory *directory, char *room, size_t size)
{
	const struct conf_directory *section = directory->section;

	pthread_mutex_init(&directory->paging, NULL);
	person_attributes(&section->schema, directory->attributes);
	object_attributes(&section->schema, directory->object_attributes);
	account_attributes(&section->schema, directory->login_attributes);
	directory->policies = policies_new();
	directory->memberships = memberships_new(section->cache_positive);
	directory->cache = cache_new(&(struct cache_lives){ .positive = section->cache_positive,
							    .negative = section->cache_negative,
							    .outage = section->cache_outage });
	return open_filters(directory, room, size) && open_locator(directory, room, size) &&
	       open_secrets(directory, room, size) && open_forest(directory, room, size);
}

static void ldap_start(struct directory *directory, struct watchdog *watchdog)
{
	struct lookup_tools tools = {
		.conf = directory->section,
		.locator = directory->locator,
		.credentials = directory->credentials,
		.password = span_text(directory->password),
		.watchdog = watchdog,
	};

	locator_start(directory->locator);
	directory->checker = checker_new(directory->section, directory->locator, watchdog);
	directory->lookup = lookup_new(&tools);
	if (directory->forest)
		forest_start(directory->forest, watchdog);
	if (directory->section->poll_changes > 0)
		directory->changes = changes_start(directory);
}

static void ldap_close(struct directory *directory)
{
	changes_stop(directory->changes);
	forest_close(directory->forest);
	lookup_free(directory->lookup);
	checker_free(directory->checker);
	credentials_close(directory->credentials);
	locator_free(directory->locator);
	filter_free(directory->recipient);
	filter_free(directory->login);
	cache_free(directory->cache);
	policies_free(directory->policies);
	memberships_free(directory->memberships);
	pthread_mutex_destroy(&directory->paging);
	memory_wipe(directory->password, sizeof(directory->password));
}

static void find(struct directory *directory, const struct filter *filter,
		 const char *const *attributes, const struct filter_values *values,
		 int64_t deadline, struct directory_hit *hit)
{
	struct buffer text = BUFFER_EMPTY;

	filter_expand(filter, values, &text);
	ldap_find_text(directory, attributes, &text, deadline, hit);
}

static void ldap_find_login(struct directory *directory, const struct filter_values *values,
			    int64_t deadline, struct directory_hit *hit)
{
	find(directory, directory->login, directory->login_attributes, values, deadline, hit);
}

static void add_condition(struct buffer *text, const char *attribute, struct span value)
{
	buffer_add_format(text, "(%s=", attribute);
	escape_filter_value(text, value);
	buffer_add_text(text, ")");
}

/* Who may log in is said by the filter for logins, however somebody has proved who he is. */
static void pass_login_filter(struct directory *directory, struct buffer *text, int64_t deadline,
			      struct directory_hit *hit)
{
	const struct person *person = &hit->person;
	const char *const names[] = { person->account, person->upn, person->address };
	struct directory_hit again = { .found = DIRECTORY_NOBODY };

	filter_expand_any(directory->login, names, sizeof(names) / sizeof(names[0]), text);
	buffer_add_text(text, ")");
	/* One without a name, as of another domain's accounts, nobody could type either. */
	if (person->account[0] || person->upn[0] || person->address[0])
		ldap_find_text(directory, directory->login_attributes, text, deadline, &again);
	buffer_clear(text);
	hit->found = again.found;
	if (again.found == DIRECTORY_NOBODY)
		snprintf(hit->cause, sizeof(hit->cause), "login_filter does not let in %.250s",
			 hit->person.dn);
	else if (again.found != DIRECTORY_ONE)
		memcpy(hit->cause, again.cause, sizeof(hit->cause));
}

static void ldap_find_value(struct directory *directory, const char *attribute, struct span value,
			    int64_t deadline, struct directory_hit *hit)
{
	struct buffer text = BUFFER_EMPTY;

	add_condition(&text, attribute, value);
	ldap_find_text(directory, directory->login_attributes, &text, deadline, hit);
	if (hit->found != DIRECTORY_ONE)
		return;
	buffer_add_text(&text, "(&");
	add_condition(&text, attribute, value);
	pass_login_filter(directory, &text, deadline, hit);
}

static void ldap_check_password(struct directory *directory, const char *dn, struct span password,
				int64_t deadline, struct checker_answer *answer)
{
	struct checker *checker = forest_checker(directory, dn);

	if (checker)
		checker_check(checker, dn, password, deadline, answer);
	else
		*answer = (struct checker_answer){ .result = PASSWORD_TEMPORARY,
						   .cause = "too many domains" };
}

size_t directory_servers(struct directory *directory, struct server servers[LOCATOR_SERVERS_MAX])
{
	return directory->locator ? locator_list(directory->locator, servers) : 0;
}

static bool ldap_facts(struct directory *directory, int64_t deadline, struct facts *facts)
{
	return lookup_facts(directory->lookup, deadline, facts);
}

static void ldap_policy(struct directory *directory, const struct account *account,
			int64_t deadline, struct policy *policy)
{
	struct facts facts;

	if (account && account->policy[0])
		policies_find(directory->policies, directory->lookup, account->policy, deadline,
			      policy);
	else if (lookup_facts(directory->lookup, deadline, &facts))
		policies_find(directory->policies, directory->lookup, facts.context, deadline,
			      policy);
	else
		policies_find(directory->policies, directory->lookup, "", deadline, policy);
}

const struct directory_method method_ldap = {
	.open = ldap_open,
	.start = ldap_start,
	.close = ldap_close,
	.find_recipient = ldap_find_recipient,
	.find_dn = ldap_find_dn,
	.find_id = ldap_find_id,
	.members = ldap_members,
	.is_member = ldap_is_member,
	.find_legacy = ldap_find_legacy,
	.find_login = ldap_find_login,
	.find_value = ldap_find_value,
	.check_password = ldap_check_password,
	.facts = ldap_facts,
	.policy = ldap_policy,
	.read_again = ldap_read_again,
};
