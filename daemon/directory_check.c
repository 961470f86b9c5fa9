/* SPDX-License-Identifier: ISC */
#include "daemon/directory_check.h"

#include <stdio.h>

#include "base/log.h"
#include "directory/directories.h"
#include "io/tls.h"
#include "routing/routing.h"

static const struct conf_domain *domain_in(const struct conf *conf, const struct conf_directory *directory)
{
	for (size_t i = 0; i < conf->domains_count; i++)
		if (conf->domains[i].directory == directory)
			return &conf->domains[i];
	return NULL;
}

static bool check_one(struct routing *routing, const struct conf_domain *domain, conf_complain complain,
		      void *context)
{
	const struct conf_directory *directory = domain->directory;
	struct address address = { .local = "" };
	struct route route = { .kind = ROUTE_REFUSED };
	char text[600];
	uint32_t unlikely;

	random_bytes(&unlikely, sizeof unlikely);
	snprintf(address.local, sizeof address.local, "postern-check-%08x", (unsigned)unlikely);
	snprintf(address.domain, sizeof address.domain, "%s", domain->name);
	if (routing_resolve(routing, &address, &route) != OUTCOME_TEMP)
		return true;
	snprintf(text, sizeof text,
		 "warning: directory \"%s\" does not answer: %s: mail for it is put off until it does",
		 directory->name, route.cause);
	complain(context, directory->file, directory->line, text);
	return false;
}

bool directory_check(const struct conf *conf, conf_complain complain, void *context)
{
	char why[400];
	struct directories *directories = directories_open(conf, why, sizeof why);
	struct routing *routing;
	bool good = true;

	if (!directories) {
		complain(context, conf->file, 0, why);
		return false;
	}
	log_open("check", LOG_LEVEL_ERROR, LOG_FORM_LINE); /* the complaint says it */
	directories_start(directories);
	routing = routing_new(conf, directories);
	for (size_t i = 0; i < conf->directories_count; i++) {
		const struct conf_domain *domain = domain_in(conf, &conf->directories[i]);

		if (domain && !check_one(routing, domain, complain, context))
			good = false;
	}
	routing_free(routing);
	directories_close(directories);
	return good;
}
