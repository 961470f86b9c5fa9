/* SPDX-License-Identifier: ISC */
#include "command/quota.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "command/json.h"
#include "directory/directories.h"
#include "directory/directory.h"
#include "mail/address.h"
#include "mail/text.h"
#include "routing/mailbox.h"

enum { THREADS = 32 };

struct filling {
	const struct conf *conf;
	struct directories *directories;
	struct routing *routing;
	struct store *store; /* NULL: nothing was ever stored */
	struct quota_row *rows;
	size_t count;
	atomic_size_t next;
};

static const char *const levels[QUOTA_LEVELS] = { "warn", "send", "receive" };

/* "quota warn": "1048576, entry" */
static void take_fact(void *context, const char *key, const char *value)
{
	struct quota_row *row = context;
	const char *comma = strstr(value, ", ");

	if (strncmp(key, "quota ", 6) != 0)
		return;
	for (size_t i = 0; i < QUOTA_LEVELS; i++) {
		if (strcmp(key + 6, levels[i]) != 0)
			continue;
		if (!span_number(span_make(value, strspn(value, "0123456789")), &row->limit[i]))
			row->limit[i] = 0;
		snprintf(row->source[i], sizeof row->source[i], "%s", comma ? comma + 2 : value);
	}
}

static void take_mailbox(struct quota_row *row, const struct route_mailbox *mailbox)
{
	row->here = true;
	memcpy(row->id, mailbox->id, sizeof row->id);
	memcpy(row->domain, mailbox->domain, sizeof row->domain);
	memcpy(row->name, mailbox->name, sizeof row->name);
	snprintf(row->address, sizeof row->address, "%s@%s", row->name, row->domain);
}

static void fill_by_address(const struct filling *filling, struct quota_row *row)
{
	struct route_teller teller = { take_fact, row };
	struct route_ask ask = { .sender = { .directory = "", .id = "", .trusted = true },
				 .own = true,
				 .teller = &teller };
	struct route route;
	const char *why;
	enum outcome outcome = OUTCOME_PERM;

	snprintf(row->why, sizeof row->why, "that is no address");
	if (address_parse(span_text(row->address), &ask.recipient, &why)) {
		outcome = routing_resolve(filling->routing, &ask, &route);
		snprintf(row->why, sizeof row->why, "%s", route.cause);
	}
	row->trouble = outcome == OUTCOME_TEMP;
	if (outcome == OUTCOME_OK && route.kind == ROUTE_MAILBOX && !route.mailbox.drop)
		take_mailbox(row, &route.mailbox);
}

static void take_object(const struct filling *filling, struct quota_row *row,
			const struct mail_object *object)
{
	const struct quota said[QUOTA_LEVELS] = { object->quota_warn, object->quota_send,
						  object->person.quota };
	static const enum quota_level which[QUOTA_LEVELS] = { QUOTA_LEVEL_WARN, QUOTA_LEVEL_SEND,
							      QUOTA_LEVEL_RECEIVE };
	const struct conf_domain *domain;
	struct route_mailbox mailbox;
	const char *source;

	if (object->person.kind != PERSON_ACCOUNT ||
	    !mailbox_of_object(filling->conf, object, row->address, &mailbox)) {
		snprintf(row->why, sizeof row->why,
			 "not an account with an address of ours: %.300s", object->person.dn);
		return;
	}
	take_mailbox(row, &mailbox);
	domain = conf_find_domain(filling->conf, row->domain);
	for (size_t i = 0; i < QUOTA_LEVELS; i++) {
		row->limit[i] = quota_level(filling->conf, domain, said[i], which[i], &source);
		snprintf(row->source[i], sizeof row->source[i], "%s", source);
		if (!quota_unknown(filling->conf, domain, said[i], which[i]))
			continue;
		row->trouble = true;
		snprintf(row->why, sizeof row->why,
			 "what the entry says of %s cannot be read, and there is no default",
			 levels[i]);
	}
}

/* Whose mailbox it is, whatever his address is now. */
static void fill_by_identity(const struct filling *filling, struct quota_row *row)
{
	const struct conf_domain *domain = conf_find_domain(filling->conf, row->domain);
	struct directory *directory =
		domain && domain->directory
			? directories_find(filling->directories, domain->directory)
			: NULL;
	struct directory_hit hit = { .found = DIRECTORY_FAILED };

	if (directory)
		directory_find_id(directory, row->id, &hit);
	snprintf(row->why, sizeof row->why, "%s", directory ? hit.cause : "no directory");
	row->trouble = hit.found != DIRECTORY_ONE && hit.found != DIRECTORY_NOBODY;
	if (hit.found == DIRECTORY_ONE && hit.object)
		take_object(filling, row, hit.object);
	if (directory)
		directory_hit_clear(&hit);
}

static void fill_usage(struct filling *filling, struct quota_row *row)
{
	struct store_mailbox who = { .quota = 0 };
	struct store_failure failure;
	bool exists;

	if (!filling->store)
		return;
	memcpy(who.id, row->id, sizeof who.id);
	memcpy(who.domain, row->domain, sizeof who.domain);
	memcpy(who.name, row->name, sizeof who.name);
	if (store_visit_usage(filling->store, &who, &exists, &row->usage, &failure) != OUTCOME_OK ||
	    store_visit_warned(filling->store, &who, &row->warned, &failure) != OUTCOME_OK) {
		row->trouble = true;
		snprintf(row->why, sizeof row->why, "%s", failure.reason);
	}
}

static void *fill_some(void *context)
{
	struct filling *filling = context;
	size_t at;

	while ((at = atomic_fetch_add(&filling->next, 1)) < filling->count) {
		struct quota_row *row = &filling->rows[at];

		if (row->id[0])
			fill_by_identity(filling, row);
		else
			fill_by_address(filling, row);
		if (row->domain[0])
			fill_usage(filling, row);
	}
	return NULL;
}

static void fill_all(struct filling *filling)
{
	pthread_t threads[THREADS];
	size_t started = 0;

	while (started < THREADS && started < filling->count &&
	       pthread_create(&threads[started], NULL, fill_some, filling) == 0)
		started++;
	if (started == 0)
		(void)fill_some(filling);
	while (started > 0)
		(void)pthread_join(threads[--started], NULL);
}

bool quota_rows_fill(const struct conf *conf, struct quota_row *rows, size_t count)
{
	struct filling filling = { .conf = conf, .rows = rows, .count = count };
	struct store_failure failure;
	char why[400];
	struct directories *directories = directories_open(conf, why, sizeof why);

	if (!directories) {
		fprintf(stderr, "postern: %s\n", why);
		return false;
	}
	log_open("postern", LOG_LEVEL_SILENT, LOG_FORM_LINE); /* what matters is in the rows */
	directories_start(directories);
	filling.directories = directories;
	filling.routing = routing_new(conf, directories);
	filling.store = store_visit(conf->store.root, &failure);
	fill_all(&filling);
	store_visit_end(filling.store);
	routing_free(filling.routing);
	directories_close(directories);
	return true;
}

double quota_row_percent(const struct quota_row *row)
{
	uint64_t whole = row->limit[QUOTA_RECEIVE] ? row->limit[QUOTA_RECEIVE]
			 : row->limit[QUOTA_SEND]  ? row->limit[QUOTA_SEND]
						   : row->limit[QUOTA_WARN];

	return whole ? (double)row->usage.octets * 100 / (double)whole : 0;
}

static void time_text(int64_t when, char to[24])
{
	time_t seconds = (time_t)when;
	struct tm parts;

	if (when == 0 || !gmtime_r(&seconds, &parts) ||
	    strftime(to, 24, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		snprintf(to, 24, "-");
}

static void print_json(const struct quota_row *row, bool first)
{
	char when[24];

	printf("%s\n  {\"address\": ", first ? "" : ",");
	json_text(stdout, span_text(row->address));
	printf(", \"mailbox\": %s, \"octets\": %" PRIu64 ", \"messages\": %" PRIu64
	       ", \"percent\": %.1f",
	       row->here ? "true" : "false", row->usage.octets, row->usage.messages,
	       quota_row_percent(row));
	for (size_t i = 0; i < QUOTA_LEVELS; i++) {
		printf(", \"%s\": %" PRIu64 ", \"%s_source\": ", levels[i], row->limit[i],
		       levels[i]);
		json_text(stdout, span_text(row->source[i]));
	}
	time_text(row->warned, when);
	printf(", \"warned\": ");
	if (row->warned)
		json_text(stdout, span_text(when));
	else
		printf("null");
	printf(", \"trouble\": ");
	json_text(stdout, span_text(row->here && !row->trouble ? "" : row->why));
	printf("}");
}

/* Names on the disk, and what servers say, may be anything: none of it reaches the terminal as it
 * is. */
static void print_clean(int width, const char *text)
{
	struct buffer line = BUFFER_EMPTY;

	text_add_line(&line, span_text(text));
	buffer_add(&line, "", 1);
	printf("%-*s", width, buffer_bytes(&line));
	buffer_clear(&line);
}

static void print_text(const struct quota_row *row)
{
	char when[24];

	time_text(row->warned, when);
	print_clean(36, row->address);
	printf(" %13" PRIu64 " %6.1f", row->usage.octets, quota_row_percent(row));
	for (size_t i = 0; i < QUOTA_LEVELS; i++)
		printf(" %13" PRIu64 " %-8.8s", row->limit[i],
		       row->limit[i] || row->source[i][0] != 'n' ? row->source[i] : "none");
	printf(" %s", when);
	if (!row->here || row->trouble) {
		printf("  ");
		print_clean(0, row->why);
	}
	putchar('\n');
}

void quota_rows_print(const struct command_options *options, const struct quota_row *rows,
		      size_t count)
{
	if (options->json)
		printf("[");
	else
		printf("%-36s %13s %6s %13s %-8s %13s %-8s %13s %-8s %s\n", "mailbox", "octets",
		       "%", "warn", "by", "send", "by", "receive", "by", "warned");
	for (size_t i = 0; i < count; i++)
		if (options->json)
			print_json(&rows[i], i == 0);
		else
			print_text(&rows[i]);
	if (options->json)
		printf("\n]\n");
}
