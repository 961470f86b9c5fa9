/* SPDX-License-Identifier: ISC */
#include "routing/mailbox.h"

#include <string.h>

#include "conf/conf.h"
#include "directory/object.h"

const struct conf_domain *domain_canonical(const struct conf_domain *domain)
{
	return domain && domain->alias_of ? domain->alias_of : domain;
}

static const struct conf_domain *take_address(const struct conf *conf, const char *text,
					      struct route_mailbox *mailbox)
{
	const struct conf_domain *domain;
	struct address address;
	const char *why;

	if (!address_parse(span_text(text), &address, &why))
		return NULL;
	domain = domain_canonical(conf_find_domain(conf, address.domain));
	if (!domain || !span_copy(span_text(address.local), mailbox->name, sizeof(mailbox->name)) ||
	    !span_copy(span_text(domain->name), mailbox->domain, sizeof(mailbox->domain)))
		return NULL;
	ascii_lower_text(mailbox->name);
	return domain;
}

bool mailbox_of_person(const struct conf *conf, const struct person *person, const char *fallback,
		       struct route_mailbox *mailbox)
{
	const struct conf_domain *domain;
	const char *source;

	*mailbox = (struct route_mailbox){ 0 };
	domain = take_address(conf, person->address, mailbox);
	if (!domain)
		domain = take_address(conf, fallback, mailbox);
	if (!domain) {
		*mailbox = (struct route_mailbox){ 0 };
		return false;
	}
	memcpy(mailbox->id, person->id, sizeof(mailbox->id));
	mailbox->quota = quota_level(conf, domain, person->quota, QUOTA_LEVEL_RECEIVE, &source);
	return true;
}

bool mailbox_of_object(const struct conf *conf, const struct mail_object *object,
		       const char *fallback, struct route_mailbox *mailbox)
{
	const char *source;

	if (!mailbox_of_person(conf, &object->person, fallback, mailbox))
		return false;
	mailbox->warn = quota_level(conf, conf_find_domain(conf, mailbox->domain),
				    object->quota_warn, QUOTA_LEVEL_WARN, &source);
	return true;
}

/* ---- the levels of the quota ---- */

static bool given(const struct conf_quota *quota, enum quota_level level, uint64_t *octets)
{
	switch (level) {
	case QUOTA_LEVEL_WARN:
		*octets = quota->warn;
		return quota->warn_given;
	case QUOTA_LEVEL_SEND:
		*octets = quota->send;
		return quota->send_given;
	case QUOTA_LEVEL_RECEIVE:
		break;
	}
	*octets = quota->receive;
	return quota->receive_given;
}

static uint64_t default_level(const struct conf *conf, const struct conf_domain *domain,
			      enum quota_level level, const char **source)
{
	uint64_t octets;

	*source = "domain";
	if (domain && given(&domain->quotas, level, &octets))
		return octets;
	*source = "section quota";
	if (given(&conf->quotas.limits, level, &octets))
		return octets;
	*source = "nothing says so";
	return 0;
}

uint64_t quota_level(const struct conf *conf, const struct conf_domain *domain, struct quota said,
		     enum quota_level level, const char **source)
{
	uint64_t fallback = default_level(conf, domain_canonical(domain), level, source);

	if (said.kind == QUOTA_LIMIT || said.kind == QUOTA_NONE)
		*source = "entry";
	return quota_octets(said, fallback);
}

bool quota_unknown(const struct conf *conf, const struct conf_domain *domain, struct quota said,
		   enum quota_level level)
{
	const char *source;

	return said.kind == QUOTA_UNREADABLE &&
	       quota_level(conf, domain, said, level, &source) == 0;
}
