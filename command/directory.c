/* SPDX-License-Identifier: ISC */
#include "command/directory.h"

#include <stdio.h>

#include "base/log.h"
#include "directory/directories.h"
#include "domain/create.h"
#include "mail/address.h"
#include "routing/routing.h"

static struct directories *open_all(const struct mailbox_named *named)
{
	char why[400];
	struct directories *directories = directories_open(named->conf, why, sizeof why);

	if (!directories)
		fprintf(stderr, "postern: %s\n", why);
	return directories;
}

bool directory_ask(const struct mailbox_named *named, struct route *route)
{
	struct directories *directories = open_all(named);
	struct routing *routing;
	struct address address;
	const char *why;
	enum outcome outcome;

	if (!directories)
		return false;
	log_open("postern", LOG_LEVEL_SILENT, LOG_FORM_LINE); /* what matters is in the route */
	directories_start(directories);
	routing = routing_new(named->conf, directories);
	outcome = address_parse(span_text(named->address), &address, &why)
			  ? routing_resolve(routing, &(struct route_ask){ .recipient = address, .sender = { .directory = "", .id = "", .trusted = true }, .own = true }, route)
			  : OUTCOME_PERM;
	routing_free(routing);
	directories_close(directories);
	if (outcome == OUTCOME_TEMP)
		fprintf(stderr, "postern: %s: %s\n", named->address, route->cause);
	return outcome != OUTCOME_TEMP;
}

bool directory_settle(struct mailbox_named *named)
{
	struct route route = { .kind = ROUTE_REFUSED };
	const struct conf_domain *domain;

	if (!directory_ask(named, &route))
		return false;
	domain = route.kind == ROUTE_MAILBOX ? conf_find_domain(named->conf, route.mailbox.domain)
					     : NULL;
	if (!domain || !mailbox_name_valid(span_text(route.mailbox.name)) ||
	    !span_copy(span_text(route.mailbox.name), named->name, sizeof named->name)) {
		fprintf(stderr, "postern: %s is no mailbox: %u %s %s (%s)\n", named->address,
			route.code, route.status, route.text, route.cause);
		return false;
	}
	named->domain = domain;
	snprintf(named->address, sizeof named->address, "%s@%.255s", named->name, domain->name);
	return true;
}

bool directory_make(const struct mailbox_named *named, const struct directory_account *account)
{
	/* It also sets the libraries up, with the configuration's krb5_config. */
	struct directories *directories = open_all(named);
	char why[1000];
	bool good;

	if (!directories)
		return false;
	log_open("postern", LOG_LEVEL_SILENT, LOG_FORM_LINE);
	good = directory_create_account(named->domain->directory, account, why, sizeof why);
	directories_close(directories);
	if (!good)
		fprintf(stderr, "postern: %s was not created: %s\n", named->address, why);
	return good;
}
