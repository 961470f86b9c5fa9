/* SPDX-License-Identifier: ISC */
/* `postern domain list`: the domains of the configuration and how many mailboxes each has. */
#include "command/mailbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/check.h"

static void print_domain(const struct command_options *options, const struct conf *conf,
			 const struct conf_domain *domain, bool first)
{
	const char *kind = domain->alias_of     ? domain->alias_of->name
			   : domain->is_default ? "default"
						: "domain";
	size_t count = domain->alias_of ? 0 : mailbox_count_domain(conf, domain);

	if (options->json)
		printf("%s\n  {\"domain\": \"%s\", \"%s\": \"%s\", \"mailboxes\": %zu, \"quota\": "
		       "%" PRIu64 "}",
		       first ? "" : ",", domain->name, domain->alias_of ? "alias_of" : "kind", kind,
		       count, domain->quota);
	else
		printf("%-40s %s%-20s %9zu %13" PRIu64 "\n", domain->name,
		       domain->alias_of ? "= " : "", kind, count, domain->quota);
}

int command_domain(const struct command_options *options, int argc, char **argv)
{
	struct conf *conf;

	if (argc != 2 || strcmp(argv[1], "list") != 0)
		return COMMAND_USAGE;
	conf = conf_read(options->file, NULL, check_complain, NULL);
	if (!conf)
		return COMMAND_FAILED;
	if (options->json)
		printf("[");
	else
		printf("%-40s %-20s %9s %13s\n", "domain", "kind", "mailboxes", "quota");
	for (size_t i = 0; i < conf->domains_count; i++)
		print_domain(options, conf, &conf->domains[i], i == 0);
	if (options->json)
		printf("\n]\n");
	conf_free(conf);
	return COMMAND_DONE;
}
