/* SPDX-License-Identifier: ISC */
/*
 * What routing decides, from the command line, for scenarios and figures:
 *
 *	routing_probe CONF resolve ADDRESS LOGIN      the facts of each step, "key: value"
 *	routing_probe CONF expand ADDRESS LOGIN       "list SENDER", "member ADDRESS [VIA]",
 *	                                              "refused ADDRESS STATUS TEXT"
 *	routing_probe CONF cost ADDRESS LOGIN         how many and how long only
 *	routing_probe CONF sender ADDRESS LOGIN
 *
 * LOGIN is an address of who has logged in; "-" = nobody has. The last line is the outcome.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "directory/directories.h"
#include "routing/routing.h"

static struct routing *routing;

static void complain(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

static void print_fact(void *context, const char *key, const char *value)
{
	(void)context;
	printf("%s: %s\n", key, value);
}

static const struct route_teller teller = { .fact = print_fact };

static struct address address_of(const char *text)
{
	struct address address = { 0 };
	const char *why;

	if (!address_parse(span_text(text), &address, &why))
		fprintf(stderr, "%s: %s\n", text, why);
	return address;
}

/* False: there is no mailbox of that address. */
static bool log_in(const char *text, struct address *address, char id[64],
		   struct route_sender *sender)
{
	struct route_ask ask = { .sender = { .directory = "", .id = "" }, .own = true };
	struct route route;

	*sender = (struct route_sender){ .directory = "", .id = "" };
	if (strcmp(text, "-") == 0)
		return true;
	*address = address_of(text);
	ask.recipient = *address;
	if (routing_resolve(routing, &ask, &route) != OUTCOME_OK || !route.mailbox.id[0]) {
		fprintf(stderr, "%s: %s\n", text, route.cause);
		return false;
	}
	memcpy(id, route.mailbox.id, 64);
	*sender = (struct route_sender){ .directory = routing_directory(routing, address)->name,
					 .id = id,
					 .address = address };
	return true;
}

static void resolve(const struct route_ask *ask)
{
	struct route_ask told = *ask;
	struct route route;
	enum outcome outcome;

	told.teller = &teller;
	outcome = routing_resolve(routing, &told, &route);
	printf("%s %u %s %s\n", outcome_name(outcome), route.code, route.status, route.text);
}

static void print_lists(const struct expansion *expansion)
{
	char text[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < expansion->lists_count; i++) {
		const struct expansion_list *list = &expansion->lists[i];

		printf("list %s\n", list->sender ? list->sender : "-");
		for (size_t j = 0; j < list->count; j++) {
			address_text(&list->members[j].address, text);
			printf("member %s%s%s\n", text, list->members[j].via ? " " : "",
			       list->members[j].via ? list->members[j].via : "");
		}
	}
	for (size_t i = 0; i < expansion->refusals_count; i++) {
		address_text(&expansion->refusals[i].address, text);
		printf("refused %s %s %s\n", text, expansion->refusals[i].status,
		       expansion->refusals[i].text);
	}
}

static void expand(const struct route_ask *ask, bool lists)
{
	struct expansion expansion;
	struct rusage usage;
	int64_t start = clock_ms();
	enum outcome outcome = routing_expand(routing, ask, &expansion);
	long long took = clock_ms() - start;
	size_t members = 0;

	if (lists)
		print_lists(&expansion);
	for (size_t i = 0; i < expansion.lists_count; i++)
		members += expansion.lists[i].count;
	getrusage(RUSAGE_SELF, &usage);
	printf("%s %s members=%zu groups=%zu refused=%zu ms=%lld rss=%ldK [%s]\n",
	       outcome_name(outcome), expansion.status, members, expansion.groups,
	       expansion.refusals_count, took, usage.ru_maxrss, expansion.cause);
	expansion_clear(&expansion);
}

static void send_as(const struct route_sender *who, struct address *address)
{
	struct sender_ask ask = { .who = *who, .send_as = CONF_SEND_AS_OWN, .teller = &teller };
	struct sender_answer answer;
	enum outcome outcome;

	ask.who.address = address;
	outcome = routing_sender(routing, &ask, &answer);
	printf("%s %u %s %s\n", outcome_name(outcome), answer.code, answer.status, answer.text);
}

static int run(char **words)
{
	struct address login = { 0 }, address = address_of(words[1]);
	struct route_ask ask = { .recipient = address };
	char id[64];

	if (!log_in(words[2], &login, id, &ask.sender))
		return 1;
	if (strcmp(words[0], "resolve") == 0)
		resolve(&ask);
	else if (strcmp(words[0], "expand") == 0)
		expand(&ask, true);
	else if (strcmp(words[0], "cost") == 0)
		expand(&ask, false);
	else if (strcmp(words[0], "sender") == 0)
		send_as(&ask.sender, &address);
	else
		return 2;
	return 0;
}

int main(int count, char **words)
{
	struct directories *directories;
	struct conf *conf;
	char why[300];
	int status;

	log_open("probe", LOG_LEVEL_ERROR, LOG_FORM_LINE);
	conf = count == 5 ? conf_read(words[1], NULL, complain, NULL) : NULL;
	if (!conf)
		return 2;
	directories = directories_open(conf, why, sizeof(why));
	if (!directories) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	directories_start(directories);
	routing = routing_new(conf, directories);
	status = run(words + 2);
	routing_free(routing);
	directories_close(directories);
	conf_free(conf);
	return status;
}
