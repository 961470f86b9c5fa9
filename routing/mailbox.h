/* SPDX-License-Identifier: ISC */
/*
 * From a person to the mailbox: the same one whatever name or address the person
 * was found by. Domain aliases are followed here.
 */
#ifndef ROUTING_MAILBOX_H
#define ROUTING_MAILBOX_H

#include "routing/routing.h"

struct conf_domain;
struct mail_object;
struct person;
struct quota;

/* The domain itself, or what it is an alias of. */
const struct conf_domain *domain_canonical(const struct conf_domain *domain);
/*
 * Fills from the person's own address, else from `fallback` ("" = none), which
 * must be in one of our domains. False when neither gives a mailbox.
 */
bool mailbox_of_person(const struct conf *conf, const struct person *person, const char *fallback,
		       struct route_mailbox *mailbox);

/* The same, with the level for warnings. */
bool mailbox_of_object(const struct conf *conf, const struct mail_object *object,
		       const char *fallback, struct route_mailbox *mailbox);

/*
 * Where the person's mailbox is. ELSEWHERE: in `host` the host of the next hop, name or numeric
 * address. UNKNOWN: the entry names one that cannot be read; *why (static).
 */
enum mailbox_place { MAILBOX_HERE, MAILBOX_ELSEWHERE, MAILBOX_UNKNOWN };
enum mailbox_place mailbox_place(const struct conf *conf, const struct person *person,
				 char host[256], const char **why);

/*
 * A level of the quota in octets, 0 = none: what the entry says, else the domain (aliases
 * followed; NULL = none), else the section `quota`. *source (static) says which of them it was.
 */
enum quota_level { QUOTA_LEVEL_WARN, QUOTA_LEVEL_SEND, QUOTA_LEVEL_RECEIVE };
uint64_t quota_level(const struct conf *conf, const struct conf_domain *domain, struct quota said,
		     enum quota_level level, const char **source);
/* What the entry says cannot be read and no default holds: that must not become "no limit". */
bool quota_unknown(const struct conf *conf, const struct conf_domain *domain, struct quota said,
		   enum quota_level level);

#endif
