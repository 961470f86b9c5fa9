/* SPDX-License-Identifier: ISC */
/* `postern quota show | report | recalc`: how full mailboxes are, and by what they are limited. */
#include "command/quota.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accounts/mailboxes.h"
#include "base/memory.h"
#include "daemon/check.h"

struct rows {
	struct quota_row *at;
	size_t count, room;
};

static struct quota_row *rows_add(struct rows *rows)
{
	if (rows->count == rows->room) {
		rows->room = rows->room ? 2 * rows->room : 64;
		rows->at = realloc(rows->at, rows->room * sizeof *rows->at);
		if (!rows->at)
			memory_die("no memory for the mailboxes");
	}
	memset(&rows->at[rows->count], 0, sizeof *rows->at);
	return &rows->at[rows->count++];
}

/* A name without a domain is one of the default domain. */
static void rows_add_address(struct rows *rows, const struct conf *conf, const char *text)
{
	const struct conf_domain *domain = conf_default_domain(conf);
	struct quota_row *row = rows_add(rows);

	snprintf(row->address, sizeof row->address, "%.320s%s%.255s", text,
		 strchr(text, '@') || !domain ? "" : "@",
		 strchr(text, '@') || !domain ? "" : domain->name);
}

struct naming {
	struct rows *rows;
	const struct conf_domain *domain;
	struct store *store; /* NULL: a name is that of a mailbox file, so of an address */
};

static bool add_named(void *context, const char *name)
{
	struct naming *naming = context;
	struct quota_row *row = rows_add(naming->rows);

	snprintf(row->address, sizeof row->address, "%.255s@%.255s", name, naming->domain->name);
	snprintf(row->domain, sizeof row->domain, "%s", naming->domain->name);
	snprintf(row->name, sizeof row->name, "%s", name);
	/* Its owner may have got another address meanwhile, and somebody else this one. */
	if (naming->store && !store_visit_identity(naming->store, row->domain, row->name, row->id))
		row->id[0] = '\0';
	return true;
}

static bool add_domain(struct naming *naming, const struct conf *conf)
{
	char why[MAILBOXES_WHY] = "the mailboxes cannot be read";
	bool good = naming->store ? store_visit_names(naming->store, naming->domain->name,
						      add_named, naming)
				  : mailboxes_each(conf->mailboxes, naming->domain->name, add_named,
						   naming, why);

	if (!good)
		fprintf(stderr, "postern: %s: %s\n", naming->domain->name, why);
	return good;
}

/* Every mailbox on the disk, or with a file of its own; `only` NULL: of all domains. */
static bool rows_add_all(struct rows *rows, const struct conf *conf, const struct conf_domain *only)
{
	struct store_failure failure;
	bool by_file = conf->method != CONF_METHOD_DIRECTORY, good = true;
	struct store *store = by_file ? NULL : store_visit(conf->store.root, &failure);

	if (!by_file && !store && access(conf->store.root, F_OK) == 0) {
		fprintf(stderr, "postern: %s\n", failure.reason);
		return false;
	}
	for (size_t i = 0; (by_file || store) && i < conf->domains_count; i++) {
		struct naming naming = { rows, &conf->domains[i], store };

		if (!conf->domains[i].alias_of && (!only || only == &conf->domains[i]))
			good &= add_domain(&naming, conf);
	}
	store_visit_end(store);
	return good;
}

static int by_percent(const void *left, const void *right)
{
	const struct quota_row *a = left, *b = right;
	double difference = quota_row_percent(b) - quota_row_percent(a);

	return difference > 0 ? 1 : difference < 0 ? -1 : strcmp(a->address, b->address);
}

/* All that was asked for is known. */
static bool rows_good(const struct rows *rows, bool must_be_here)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->at[i].trouble || (must_be_here && !rows->at[i].here))
			return false;
	return true;
}

static int show(const struct command_options *options, const struct conf *conf, int argc,
		char **argv)
{
	struct rows rows = { 0 };
	bool good;

	if (argc < 2)
		return COMMAND_USAGE;
	for (int i = 1; i < argc; i++)
		rows_add_address(&rows, conf, argv[i]);
	good = quota_rows_fill(conf, rows.at, rows.count);
	if (good)
		quota_rows_print(options, rows.at, rows.count);
	good = good && rows_good(&rows, true);
	free(rows.at);
	return good ? COMMAND_DONE : COMMAND_FAILED;
}

static bool take_domain(const struct conf *conf, const char *name,
			const struct conf_domain **domain)
{
	*domain = conf_find_domain(conf, name);
	if (*domain && (*domain)->alias_of)
		*domain = (*domain)->alias_of;
	if (!*domain)
		fprintf(stderr, "postern: %s is none of our domains (postern domain list)\n", name);
	return *domain != NULL;
}

static int report_rows(const struct command_options *options, const struct conf *conf,
		       const struct conf_domain *domain, double over)
{
	struct rows rows = { 0 };
	bool good = rows_add_all(&rows, conf, domain);
	size_t kept = 0;

	good &= rows.count == 0 || quota_rows_fill(conf, rows.at, rows.count);
	good &= rows_good(&rows, false);
	for (size_t i = 0; i < rows.count; i++)
		if (quota_row_percent(&rows.at[i]) >= over)
			rows.at[kept++] = rows.at[i];
	if (kept > 0)
		qsort(rows.at, kept, sizeof *rows.at, by_percent);
	quota_rows_print(options, rows.at, kept);
	free(rows.at);
	return good ? COMMAND_DONE : COMMAND_FAILED;
}

static int report(const struct command_options *options, const struct conf *conf, int argc,
		  char **argv)
{
	static const struct option long_options[] = { { "domain", required_argument, NULL, 'd' },
						      { "over", required_argument, NULL, 'o' },
						      { 0 } };
	const struct conf_domain *domain = NULL;
	double over = 0;
	char *end = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == 'd') {
			if (!take_domain(conf, optarg, &domain))
				return COMMAND_FAILED;
		} else if (option == 'o') {
			over = strtod(optarg, &end);
			if (end == optarg || (*end && strcmp(end, "%") != 0) || !(over >= 0))
				return COMMAND_USAGE;
		} else {
			return COMMAND_USAGE;
		}
	}
	return optind == argc ? report_rows(options, conf, domain, over) : COMMAND_USAGE;
}

/* What is kept of the count goes; the gateway counts anew at the next delivery, as we do now. */
static bool recount(const struct conf *conf, struct rows *rows)
{
	struct store_failure failure;
	struct store *store = store_visit(conf->store.root, &failure);
	bool good = true;

	for (size_t i = 0; store && i < rows->count; i++) {
		const struct quota_row *row = &rows->at[i];
		struct store_mailbox who = { .quota = 0 };

		memcpy(who.id, row->id, sizeof who.id);
		memcpy(who.domain, row->domain, sizeof who.domain);
		memcpy(who.name, row->name, sizeof who.name);
		if (who.domain[0] && store_visit_recount(store, &who, &failure) != OUTCOME_OK) {
			fprintf(stderr, "postern: %s: %s\n", row->address, failure.reason);
			good = false;
		}
	}
	store_visit_end(store);
	return good;
}

static int recalc(const struct command_options *options, const struct conf *conf, int argc,
		  char **argv)
{
	struct rows rows = { 0 };
	bool all = argc == 2 && strcmp(argv[1], "--all") == 0, good = true;

	if (argc < 2 || (!all && argv[1][0] == '-'))
		return COMMAND_USAGE;
	if (all)
		good = rows_add_all(&rows, conf, NULL);
	for (int i = 1; !all && i < argc; i++)
		rows_add_address(&rows, conf, argv[i]);
	good &= rows.count == 0 || quota_rows_fill(conf, rows.at, rows.count);
	good &= recount(conf, &rows);
	quota_rows_print(options, rows.at, rows.count);
	good &= rows_good(&rows, !all);
	free(rows.at);
	return good ? COMMAND_DONE : COMMAND_FAILED;
}

int command_quota(const struct command_options *options, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct command_options *options, const struct conf *conf, int argc,
			   char **argv);
	} verbs[] = { { "show", show }, { "report", report }, { "recalc", recalc } };
	struct conf *conf;
	int code = COMMAND_USAGE;

	for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++) {
		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		conf = conf_read(options->file, NULL, check_complain, NULL);
		if (!conf)
			return COMMAND_FAILED;
		code = verbs[i].run(options, conf, argc - 1, argv + 1);
		conf_free(conf);
	}
	return code;
}
