/* SPDX-License-Identifier: ISC */
/*
 * From a person to the mailbox: the same one whatever name or address the person
 * was found by. Domain aliases are followed here.
 */
#ifndef ROUTING_MAILBOX_H
#define ROUTING_MAILBOX_H

#include "routing/routing.h"

struct conf_domain;
struct person;

/* The domain itself, or what it is an alias of. */
const struct conf_domain *domain_canonical(const struct conf_domain *domain);
/*
 * Fills from the person's own address, else from `fallback` ("" = none), which
 * must be in one of our domains. False when neither gives a mailbox.
 */
bool mailbox_of_person(const struct conf *conf, const struct person *person, const char *fallback,
		       struct route_mailbox *mailbox);

#endif
