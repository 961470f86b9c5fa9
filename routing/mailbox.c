/* SPDX-License-Identifier: ISC */
#include "routing/mailbox.h"

#include <string.h>

#include "conf/conf.h"
#include "directory/person.h"

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

	*mailbox = (struct route_mailbox){ 0 };
	domain = take_address(conf, person->address, mailbox);
	if (!domain)
		domain = take_address(conf, fallback, mailbox);
	if (!domain) {
		*mailbox = (struct route_mailbox){ 0 };
		return false;
	}
	memcpy(mailbox->id, person->id, sizeof(mailbox->id));
	mailbox->quota = quota_octets(person->quota, domain->quota);
	return true;
}
