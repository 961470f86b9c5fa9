/* SPDX-License-Identifier: ISC */
#include "daemon/check.h"

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

/* An address nobody has: server, TLS, bind, base and filter are tried for real. */
static void check_one(struct routing *routing, const struct conf_domain *domain)
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
		return;
	snprintf(text, sizeof text,
		 "warning: directory \"%s\" does not answer: %s: mail for it is put off until it does",
		 directory->name, route.cause);
	check_complain(NULL, directory->file, directory->line, text);
}

static void check_directories(const struct conf *conf)
{
	char why[400], text[500];
	struct directories *directories = directories_open(conf, why, sizeof why);
	struct routing *routing;

	if (!directories) {
		snprintf(text, sizeof text, "warning: the directories could not be tried: %s", why);
		check_complain(NULL, conf->file, 0, text);
		return;
	}
	log_open("check", LOG_LEVEL_ERROR, LOG_FORM_LINE); /* the complaint says the rest */
	directories_start(directories);
	routing = routing_new(conf, directories);
	for (size_t i = 0; i < conf->directories_count; i++) {
		const struct conf_domain *domain = domain_in(conf, &conf->directories[i]);

		if (domain)
			check_one(routing, domain);
	}
	routing_free(routing);
	directories_close(directories);
}

void check_complain(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

bool check_configuration(const char *file, enum check_extent extent)
{
	struct conf *conf = conf_read(file, NULL, check_complain, NULL);
	bool good = conf && conf_check_machine(conf, check_complain, NULL);

	if (good && extent == CHECK_DIRECTORIES)
		check_directories(conf);
	conf_free(conf);
	return good;
}
