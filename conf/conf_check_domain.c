/* SPDX-License-Identifier: ISC */
/* Domains: names, the directory of each, aliases, the default one. */
#include "conf/conf_private.h"

#include <string.h>

#include "mail/address.h"

static struct conf_directory *find_directory(struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->directories_count; i++)
		if (!strcmp(conf->directories[i].name, name))
			return &conf->directories[i];
	return NULL;
}

static struct conf_domain *find_domain(struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->domains_count; i++)
		if (span_is_nocase(span_text(name), conf->domains[i].name))
			return &conf->domains[i];
	return NULL;
}

static void check_name(struct conf_reading *reading, const struct conf_domain *domain)
{
	const struct conf_domain *first = find_domain(reading->conf, domain->name);

	if (!conf_domain_name_valid(span_text(domain->name)))
		conf_tell(reading, domain->line,
			  "domain \"%s\" is no domain name: write one like example.com; letters "
			  "outside ASCII in the xn-- form",
			  domain->name);
	if (first != domain)
		conf_tell(reading, domain->line,
			  "domain \"%s\" stands on line %u already: remove one", domain->name,
			  first->line);
}

static void settle_directory(struct conf_reading *reading, struct conf_domain *domain,
			     const char *name)
{
	struct conf *conf = reading->conf;

	if (*name && conf->method != CONF_METHOD_DIRECTORY) {
		conf_tell_key(reading, domain->line, "directory",
			      "directory has no effect with method = \"%s\": remove it",
			      conf_method_name(conf->method));
	} else if (*name) {
		domain->directory = find_directory(conf, name);
		if (!domain->directory)
			conf_tell_key(reading, domain->line, "directory",
				      "directory \"%s\" is none of the sections: add directory "
				      "\"%s\" { ... }, or name one that is there",
				      name, name);
	} else if (conf->directories_count == 1) {
		domain->directory = &conf->directories[0];
	} else if (conf->directories_count > 1) {
		conf_tell(reading, domain->line,
			  "domain \"%s\" does not say which directory has its accounts: add "
			  "directory = \"name\"",
			  domain->name);
	}
}

/* An alias takes everything from its domain: a key here would be ignored. */
static void check_alias_alone(struct conf_reading *reading, const struct conf_domain *alias,
			      const char *directory)
{
	const struct conf_quota *quotas = &alias->quotas;
	bool senders = alias->group_senders != CONF_GROUP_AUTHENTICATED;
	const char *extra = *directory              ? "directory"
			    : quotas->receive_given ? "quota"
			    : quotas->send_given    ? "quota_send"
			    : quotas->warn_given    ? "quota_warn"
			    : *alias->catch_all     ? "catch_all"
			    : *alias->subaddress    ? "subaddress"
			    : senders               ? "group_senders"
			    : *alias->postmaster    ? "postmaster"
			    : *alias->drop          ? "drop"
			    : alias->is_default     ? "default"
						    : NULL;

	if (extra)
		conf_tell_key(reading, alias->line, extra,
			      "%s has no effect in an alias: set it in the domain that alias_of "
			      "names",
			      extra);
}

static void settle_alias(struct conf_reading *reading, struct conf_domain *alias,
			 const struct conf_domain_keys *keys)
{
	struct conf_domain *target = find_domain(reading->conf, keys->alias_of);

	check_alias_alone(reading, alias, keys->directory);
	if (!target)
		conf_tell_key(
			reading, alias->line, "alias_of",
			"alias_of \"%s\" is none of the domains: add domain \"%s\" { ... }, or "
			"name one that is there",
			keys->alias_of, keys->alias_of);
	else if (target == alias)
		conf_tell_key(reading, alias->line, "alias_of",
			      "alias_of names the domain itself: name another one");
	else if (*reading->domains[target - reading->conf->domains].alias_of)
		conf_tell_key(reading, alias->line, "alias_of",
			      "alias_of names \"%s\", which is an alias: name what that one is an "
			      "alias of",
			      target->name);
	alias->alias_of = target;
}

static void check_postmaster(struct conf_reading *reading, const struct conf_domain *domain)
{
	struct address address;
	const char *why = "it has no domain";

	if (!*domain->postmaster)
		return;
	if (address_parse(span_text(domain->postmaster), &address, &why) && *address.domain) {
		if (!conf_find_domain(reading->conf, address.domain))
			conf_tell_key(
				reading, domain->line, "postmaster",
				"postmaster \"%s\" is in none of the domains: write an address "
				"whose domain has a section here",
				domain->postmaster);
	} else {
		conf_tell_key(reading, domain->line, "postmaster",
			      "postmaster \"%s\" is no mail address (%s): write one like "
			      "admin@example.com",
			      domain->postmaster, why);
	}
}

/* The domain of ours that a domain's unknown addresses go to; NULL. Aliases are followed. */
static const struct conf_domain *catch_all_domain(const struct conf *conf,
						  const struct conf_domain *domain)
{
	struct address address;
	const struct conf_domain *next;
	const char *why;

	if (!address_parse(span_text(domain->catch_all), &address, &why))
		return NULL;
	next = conf_find_domain(conf, address.domain);
	return next && next->alias_of ? next->alias_of : next;
}

/*
 * In a domain's own catch_all nothing goes round: who is not there is refused. But where
 * domains catch for each other, a misspelt address would go from one to the other.
 */
static void check_circle(struct conf_reading *reading, const struct conf_domain *domain)
{
	const struct conf *conf = reading->conf;
	const struct conf_domain *next = catch_all_domain(conf, domain);

	if (next == domain)
		return;
	/* A circle is told of once, at its first domain. */
	for (size_t steps = 0; next && steps < conf->domains_count; steps++) {
		const struct conf_domain *after = catch_all_domain(conf, next);

		if (after == next || next < domain)
			return;
		if (after == domain) {
			conf_tell_key(reading, domain->line, "catch_all",
				      "catch_all \"%s\" is in a domain whose own catch_all comes "
				      "back to \"%s\": name the same mailbox in both, or remove "
				      "one",
				      domain->catch_all, domain->name);
			return;
		}
		next = after;
	}
}

static void check_catch_all(struct conf_reading *reading, const struct conf_domain *domain)
{
	struct address address;
	const char *why = "it has no domain";

	if (!*domain->catch_all)
		return;
	if (!address_parse(span_text(domain->catch_all), &address, &why) || !*address.domain)
		conf_tell_key(reading, domain->line, "catch_all",
			      "catch_all \"%s\" is no mail address (%s): write one like "
			      "info@example.com",
			      domain->catch_all, why);
	else if (*domain->drop)
		conf_tell_key(reading, domain->line, "catch_all",
			      "catch_all has no effect beside drop, which takes every address: "
			      "remove one of them");
	else
		check_circle(reading, domain);
}

/* Special characters of RFC 5322 atext, and the point. */
static void check_subaddress(struct conf_reading *reading, const struct conf_domain *domain)
{
	if (domain->subaddress[strspn(domain->subaddress, "!#$%&'*+-/=?^_`{|}~.")])
		conf_tell_key(reading, domain->line, "subaddress",
			      "subaddress \"%s\" has a character that cannot stand before a tag: "
			      "write some of !#$%%&'*+-/=?^_`{|}~. and no letters or digits, as in "
			      "\"+\"",
			      domain->subaddress);
}

static void settle_default(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;
	struct conf_domain *first = NULL, *only = NULL;
	size_t real = 0;

	for (size_t i = 0; i < conf->domains_count; i++) {
		struct conf_domain *domain = &conf->domains[i];

		if (!*reading->domains[i].alias_of) {
			real++;
			only = domain;
		}
		if (!domain->is_default)
			continue;
		if (first)
			conf_tell_key(reading, domain->line, "default",
				      "a second default domain, after \"%s\" on line %u: keep one",
				      first->name, first->line);
		else
			first = domain;
	}
	if (!first && real == 1)
		only->is_default = true;
	else if (!first && conf->domains_count > 0)
		conf_tell(reading, conf->domains[0].line,
			  "no domain is the default: write default = true in one that is no alias");
}

void conf_check_domains(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;

	for (size_t i = 0; i < conf->domains_count; i++) {
		const struct conf_domain_keys *keys = &reading->domains[i];

		check_name(reading, &conf->domains[i]);
		check_postmaster(reading, &conf->domains[i]);
		if (*keys->alias_of)
			settle_alias(reading, &conf->domains[i], keys);
		else
			settle_directory(reading, &conf->domains[i], keys->directory);
	}
	settle_default(reading);
	for (size_t i = 0; i < conf->domains_count; i++) {
		check_catch_all(reading, &conf->domains[i]);
		check_subaddress(reading, &conf->domains[i]);
	}
}
