/* SPDX-License-Identifier: ISC */
/* `postern mailbox list [DOMAIN]`, `mailbox stat ADDRESS`, `domain list`: what there is and how
 * much of it. */
#include "command/mailbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command/json.h"
#include "daemon/check.h"

struct listing {
	const struct command_options *options;
	const struct conf *conf;
	const struct conf_domain *domain;
	struct store *store; /* NULL: nothing was stored yet */
	size_t rows;
	bool quiet; /* only count */
	bool good;
};

/* A name that the store's folder has may be anything: none of it reaches the terminal as it is. */
static void clean(char *text)
{
	bool utf8 = utf8_valid(span_text(text));

	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f || (*text & 0x80 && !utf8))
			*text = '?';
}

static void print_row(const struct listing *listing, struct mailbox_row *row)
{
	if (listing->options->json) {
		printf("%s\n  {\"address\": ", listing->rows ? "," : "");
		json_text(stdout, span_text(row->address));
		printf(", \"state\": \"%s\", \"messages\": %" PRIu64 ", \"octets\": %" PRIu64
		       ", \"quota\": %" PRIu64 "}",
		       row->locked ? "locked" : "open", row->usage.messages, row->usage.octets,
		       row->quota);
	} else {
		clean(row->address);
		printf("%-40s %-7s %9" PRIu64 " %13" PRIu64 " %13" PRIu64 "\n", row->address,
		       row->locked ? "locked" : "open", row->usage.messages, row->usage.octets,
		       row->quota);
	}
}

/* `name`: of the mailbox file, or with method directory of the mailbox's directory. */
static bool list_one(void *context, const char *name)
{
	struct listing *listing = context;
	bool by_file = listing->conf->method != CONF_METHOD_DIRECTORY;
	struct mailbox_row row = { .quota = listing->domain->quota };
	struct store_mailbox who = { .id = "" };
	struct store_failure failure = { .reason = "" };
	struct mailbox_file file;
	char why[MAILBOXES_WHY];

	if (listing->quiet) {
		listing->rows++;
		return true;
	}
	if (mailboxes_read(listing->conf->mailboxes, listing->domain->name, name, &file, why) ==
	    MAILBOXES_TROUBLE) {
		fprintf(stderr, "postern: %s\n", why);
		listing->good = false;
		return true;
	}
	snprintf(row.address, sizeof row.address, "%.255s@%.255s", name, listing->domain->name);
	row.locked = file.locked;
	if (file.has_quota)
		row.quota = file.quota;
	snprintf(who.domain, sizeof who.domain, "%s", listing->domain->name);
	snprintf(who.name, sizeof who.name, "%s", name);
	if (by_file)
		memcpy(who.id, file.id, sizeof file.id);
	mailbox_file_wipe(&file);
	if (listing->store && store_visit_usage(listing->store, &who, &row.exists, &row.usage,
						&failure) != OUTCOME_OK) {
		fprintf(stderr, "postern: %s\n", failure.reason);
		listing->good = false;
	}
	print_row(listing, &row);
	listing->rows++;
	return true;
}

static void list_domain(struct listing *listing)
{
	char why[MAILBOXES_WHY] = "the mailboxes cannot be read";
	bool good = true;

	if (listing->conf->method != CONF_METHOD_DIRECTORY)
		good = mailboxes_each(listing->conf->mailboxes, listing->domain->name, list_one,
				      listing, why);
	else if (listing->store)
		good = store_visit_names(listing->store, listing->domain->name, list_one, listing);
	if (!good)
		fprintf(stderr, "postern: %s\n", why);
	listing->good &= good;
}

static void listing_begin(struct listing *listing)
{
	struct store_failure failure;

	listing->good = true;
	listing->store = store_visit(listing->conf->store.root, &failure);
	if (listing->quiet)
		return;
	if (listing->options->json)
		printf("[");
	else
		printf("%-40s %-7s %9s %13s %13s\n", "mailbox", "state", "messages", "octets",
		       "quota");
}

static bool listing_end(struct listing *listing)
{
	store_visit_end(listing->store);
	if (!listing->quiet && listing->options->json)
		printf("\n]\n");
	return listing->good;
}

size_t mailbox_count_domain(const struct conf *conf, const struct conf_domain *domain)
{
	struct listing listing = { .conf = conf, .domain = domain, .quiet = true };

	listing_begin(&listing);
	list_domain(&listing);
	(void)listing_end(&listing);
	return listing.rows;
}

bool mailbox_rows_print(const struct command_options *options, const struct conf *conf,
			const struct conf_domain *domain, const char *name)
{
	struct listing listing = { .options = options, .conf = conf, .domain = domain };

	listing_begin(&listing);
	if (name)
		(void)list_one(&listing, name);
	for (size_t i = 0; !name && i < conf->domains_count; i++) {
		if (conf->domains[i].alias_of || (domain && domain != &conf->domains[i]))
			continue;
		listing.domain = &conf->domains[i];
		list_domain(&listing);
	}
	return listing_end(&listing);
}

int mailbox_list(const struct command_options *options, int argc, char **argv)
{
	struct conf *conf;
	const struct conf_domain *domain = NULL;
	bool good;

	if (argc > 2)
		return COMMAND_USAGE;
	conf = conf_read(options->file, NULL, check_complain, NULL);
	if (!conf)
		return COMMAND_FAILED;
	if (argc == 2) {
		domain = conf_find_domain(conf, argv[1]);
		if (domain && domain->alias_of)
			domain = domain->alias_of;
	}
	good = argc == 1 || domain;
	if (!good)
		fprintf(stderr, "postern: %s is none of our domains (postern domain list)\n",
			argv[1]);
	good = good && mailbox_rows_print(options, conf, domain, NULL);
	conf_free(conf);
	return good ? COMMAND_DONE : COMMAND_FAILED;
}

int mailbox_stat(const struct command_options *options, int argc, char **argv)
{
	struct mailbox_named named;
	struct mailbox_file file;
	bool good;

	if (argc != 2)
		return COMMAND_USAGE;
	if (!mailbox_named_open(options, argv[1], false, &named))
		return COMMAND_FAILED;
	good = named.conf->method == CONF_METHOD_DIRECTORY ||
	       mailbox_named_read(&named, &file) == MAILBOXES_FOUND;
	if (!good)
		fprintf(stderr, "postern: there is no mailbox %s\n", named.address);
	good = good && mailbox_rows_print(options, named.conf, named.domain, named.name);
	mailbox_named_close(&named);
	return good ? COMMAND_DONE : COMMAND_FAILED;
}
