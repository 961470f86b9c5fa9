/* SPDX-License-Identifier: ISC */
/*
 * What the directory role does, from the command line, for scenarios and figures:
 *
 *	directory_probe CONF resolve ADDRESS...
 *	directory_probe CONF login USER PASSWORD [AUTHZID [DEFAULT-DOMAIN]]
 *	directory_probe CONF load THREADS SECONDS ADDRESS-FORMAT COUNT    (lookups; "%u" in the
 *format) directory_probe CONF logins THREADS SECONDS USER PASSWORD directory_probe CONF watch
 *SECONDS ADDRESS                        (one answer every 100 ms) directory_probe CONF shell (the
 *first two, from stdin)
 *
 *	directory_probe CONF servers ADDRESS...           (what is known of each, best first)
 *	directory_probe CONF object ADDRESS...            (what the entry says)
 *	directory_probe CONF members ADDRESS...           (of groups, one level: how many, how long)
 *	directory_probe CONF list ADDRESS                 (of a group, one level: who)
 *	directory_probe CONF member ADDRESS GROUP...      (is he in one of them?)
 *
 * One line per answer on stdout: result, milliseconds, details.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/directories.h"
#include "directory/directory.h"

static struct {
	struct conf *conf;
	struct directories *directories;
	struct routing *routing;
	struct auth *auth;
} probe;

static void complain(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

static enum outcome resolve(const char *text, struct route *route)
{
	struct address address;
	const char *why;

	if (address_parse(span_text(text), &address, &why))
		return routing_resolve(probe.routing, &(struct route_ask){ .recipient = address, .sender = { .directory = "", .id = "" } }, route);
	*route = (struct route){ .kind = ROUTE_REFUSED, .code = 501 };
	return OUTCOME_PERM;
}

static void print_resolve(const char *text)
{
	struct route route;
	int64_t start = clock_ms();
	enum outcome outcome = resolve(text, &route);
	long long took = clock_ms() - start;

	if (route.kind == ROUTE_MAILBOX)
		printf("mailbox %lld %s@%s id=%s quota=%llu good_for=%u", took, route.mailbox.name,
		       route.mailbox.domain, route.mailbox.id,
		       (unsigned long long)route.mailbox.quota, route.good_for);
	else if (route.kind == ROUTE_REMOTE)
		printf("remote %lld%s%s", took, route.via[0] ? " via=" : "", route.via);
	else
		printf("refused %lld %u %s %s (%s)", took, route.code, route.status, route.text,
		       outcome_name(outcome));
	printf(" [%s]\n", route.cause);
	fflush(stdout);
}

static enum auth_verdict login(const char *const *words, struct auth_answer *answer)
{
	struct auth_ask ask = {
		.service = "pop",
		.user = words[0],
		.password = words[1],
		.authzid = words[2],
		.default_domain = words[3],
		.client = "192.0.2.1",
		.session = "probe",
	};

	auth_login(probe.auth, &ask, answer);
	return answer->verdict;
}

static void print_login(const char *const *words)
{
	static const char *const names[] = { "ok", "rejected", "expired", "no-mailbox",
					     "temporary" };
	struct auth_answer answer;
	int64_t start = clock_ms();
	enum auth_verdict verdict = login(words, &answer);

	printf("%s %lld %s id=%s [%s]\n", names[verdict], (long long)(clock_ms() - start),
	       answer.who, answer.mailbox.id, answer.cause);
	fflush(stdout);
}

struct load {
	const char *format;
	unsigned count;
	const char *const *words; /* of a login; NULL = lookups */
	int64_t end;
	atomic_uint next, good, bad;
};

static void *load_run(void *context)
{
	struct load *load = context;

	while (clock_ms() < load->end) {
		bool good;

		if (load->words) {
			struct auth_answer answer;

			good = login(load->words, &answer) == AUTH_OK;
		} else {
			char local[64], text[400];
			struct route route;

			snprintf(local, sizeof(local), "%u",
				 atomic_fetch_add(&load->next, 1) % load->count);
			snprintf(text, sizeof(text), "%.*s%s%s", (int)strcspn(load->format, "%"),
				 load->format, local, strstr(load->format, "%u") + 2);
			good = resolve(text, &route) == OUTCOME_OK;
		}
		atomic_fetch_add(good ? &load->good : &load->bad, 1);
	}
	return NULL;
}

static void run_load(struct load *load, unsigned threads, unsigned seconds)
{
	pthread_t *list = memory_array(threads, sizeof(*list));
	int64_t start = clock_ms();

	load->end = start + (int64_t)seconds * 1000;
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&list[i], NULL, load_run, load) != 0)
			memory_die("no thread");
	for (unsigned i = 0; i < threads; i++)
		pthread_join(list[i], NULL);
	printf("good %u bad %u rate %.0f/s\n", atomic_load(&load->good), atomic_load(&load->bad),
	       atomic_load(&load->good) * 1000.0 / (double)(clock_ms() - start));
	free(list);
}

static void watch(unsigned seconds, const char *address)
{
	static const struct timespec pause = { 0, 100000000 };
	int64_t start = clock_ms();

	while (clock_ms() < start + (int64_t)seconds * 1000) {
		printf("%6lld ", (long long)(clock_ms() - start));
		print_resolve(address);
		nanosleep(&pause, NULL);
	}
}

/* False: what was found is told. */
static bool find_object(const char *text, struct directory **directory, struct directory_hit *hit)
{
	static const char *const names[] = { [DIRECTORY_ONE] = "one",
					     [DIRECTORY_NOBODY] = "nobody",
					     [DIRECTORY_MANY] = "many",
					     [DIRECTORY_FAILED] = "failed" };
	const struct conf_domain *domain;
	struct address address;
	const char *why;

	*hit = (struct directory_hit){ .found = DIRECTORY_FAILED };
	if (!address_parse(span_text(text), &address, &why))
		return false;
	domain = conf_find_domain(probe.conf, address.domain);
	if (!domain)
		return false;
	*directory = directories_find(probe.directories, domain->directory);
	directory_find_recipient(*directory, &address, hit);
	if (hit->found == DIRECTORY_ONE)
		return true;
	printf("%s [%s]\n", names[hit->found], hit->cause);
	return false;
}

static void print_object(const char *text)
{
	struct directory *directory;
	struct directory_hit hit;

	if (find_object(text, &directory, &hit))
		printf("one %s addresses=%zu octets=%zu kind=%u fault=\"%s\"%s\n", hit.person.dn,
		       hit.object->addresses.count, object_octets(hit.object), hit.person.kind,
		       hit.object->fault, hit.stale ? " stale" : "");
	fflush(stdout);
	directory_hit_clear(&hit);
}

struct count {
	size_t persons, groups, nobody;
	bool list;
};

static bool count_member(void *context, const struct directory_hit *hit)
{
	struct count *count = context;

	if (hit->found == DIRECTORY_NOBODY)
		count->nobody++;
	else if (hit->person.kind == PERSON_GROUP)
		count->groups++;
	else
		count->persons++;
	if (count->list)
		printf("%s %s\n", hit->found == DIRECTORY_ONE ? "one" : "nobody", hit->person.dn);
	return true;
}

static void print_members(const char *text, bool list)
{
	struct count count = { .list = list };
	struct directory *directory;
	struct directory_hit hit;
	int64_t start = clock_ms();
	char why[400];

	if (find_object(text, &directory, &hit)) {
		if (directory_members(directory, hit.object, start + 120000, count_member, &count, why))
			printf("members %lld persons=%zu groups=%zu nobody=%zu\n",
			       (long long)(clock_ms() - start), count.persons, count.groups,
			       count.nobody);
		else
			printf("failed %lld [%s]\n", (long long)(clock_ms() - start), why);
	}
	fflush(stdout);
	directory_hit_clear(&hit);
}

static void print_is_member(char *const *words, size_t count)
{
	static const char *const names[] = { [DIRECTORY_ONE] = "yes",
					     [DIRECTORY_NOBODY] = "no",
					     [DIRECTORY_MANY] = "many",
					     [DIRECTORY_FAILED] = "failed" };
	struct directory *directory;
	struct directory_hit hit;
	enum directory_found found;
	char why[400];
	size_t which;

	if (find_object(words[0], &directory, &hit)) {
		found = directory_is_member(directory, &hit.person, words + 1, count - 1,
					    clock_ms() + 60000, &which, why);
		printf("%s %s [%s]\n", names[found], found == DIRECTORY_ONE ? words[1 + which] : "-",
		       why);
	}
	fflush(stdout);
	directory_hit_clear(&hit);
}

/* A line that is no question of a shell's. */
static bool run_object(int count, char **words)
{
	const char *name = count > 1 ? words[0] : "";
	bool objects = strcmp(name, "object") == 0, members = strcmp(name, "members") == 0;

	if (strcmp(name, "member") == 0)
		print_is_member(words + 1, (size_t)count - 1);
	else if (strcmp(name, "list") == 0)
		print_members(words[1], true);
	else if (!objects && !members)
		return false;
	for (int i = 1; i < count && (objects || members); i++)
		if (objects)
			print_object(words[i]);
		else
			print_members(words[i], false);
	return true;
}

static void shell(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		const char *words[6] = { "", "", "", "", "", "" };
		size_t count = 0;

		line[strcspn(line, "\n")] = '\0';
		for (char *rest = line, *word; count < 5 && (word = strsep(&rest, " ")) != NULL;)
			words[count++] = word;
		if (strcmp(words[0], "resolve") == 0)
			print_resolve(words[1]);
		else if (strcmp(words[0], "login") == 0)
			print_login(words + 1);
		else if (strcmp(words[0], "object") == 0)
			print_object(words[1]);
		else if (strcmp(words[0], "sleep") == 0)
			nanosleep(&(struct timespec){ atoi(words[1]), 0 }, NULL);
	}
}

static void print_servers(void)
{
	static const char *const tiers[] = { "own-site", "next-site", "elsewhere" };

	for (size_t i = 0; i < probe.conf->directories_count; i++) {
		const struct conf_directory *conf = &probe.conf->directories[i];
		struct directory *directory = directories_find(probe.directories, conf);
		struct server *servers = memory_array(LOCATOR_SERVERS_MAX, sizeof(*servers));
		size_t count = directory_servers(directory, servers);

		for (size_t k = 0; k < count; k++) {
			const struct server *server = &servers[k];
			const struct breaker *lookups = &server->breakers[CONNECTION_FOR_LOOKUPS];

			printf("%s %s site=%s %s priority=%u weight=%u place=%u latency=%lldus "
			       "%s%s%s [%s]\n",
			       conf->name, server->name, server->site, tiers[server->tier],
			       server->priority, server->weight, server->place,
			       (long long)server->latency, breaker_state_name(lookups->state),
			       server->selected ? " selected" : "", server->gone ? " gone" : "",
			       lookups->reason);
		}
		free(servers);
	}
}

static int run(int count, char **words)
{
	const char *name = count > 0 ? words[0] : "";

	if (strcmp(name, "resolve") == 0) {
		for (int i = 1; i < count; i++)
			print_resolve(words[i]);
	} else if (strcmp(name, "login") == 0 && count >= 3) {
		const char *all[4] = { words[1], words[2], count > 3 ? words[3] : "",
				       count > 4 ? words[4] : "" };

		print_login(all);
	} else if (strcmp(name, "load") == 0 && count == 5 && strstr(words[3], "%u")) {
		struct load load = { .format = words[3], .count = (unsigned)atoi(words[4]) };

		run_load(&load, (unsigned)atoi(words[1]), (unsigned)atoi(words[2]));
	} else if (strcmp(name, "logins") == 0 && count == 5) {
		const char *all[4] = { words[3], words[4], "", "" };
		struct load load = { .words = all };

		run_load(&load, (unsigned)atoi(words[1]), (unsigned)atoi(words[2]));
	} else if (strcmp(name, "watch") == 0 && count == 3) {
		watch((unsigned)atoi(words[1]), words[2]);
	} else if (strcmp(name, "servers") == 0) {
		struct route route;

		for (int i = 1; i < count; i++)
			(void)resolve(words[i], &route);
		print_servers();
	} else if (strcmp(name, "shell") == 0) {
		shell();
	} else if (!run_object(count, words)) {
		fprintf(stderr, "usage: directory_probe CONF resolve|login|load|logins|watch|servers|"
				"object|members|list|member|shell ...\n");
		return 2;
	}
	return 0;
}

int main(int count, char **words)
{
	const char *level = getenv("PROBE_LOG");
	char why[300];
	int status;

	log_open("probe", level ? (enum log_level)atoi(level) : LOG_LEVEL_WARNING, LOG_FORM_LINE);
	probe.conf = count > 1 ? conf_read(words[1], NULL, complain, NULL) : NULL;
	if (!probe.conf)
		return 2;
	probe.directories = directories_open(probe.conf, why, sizeof(why));
	if (!probe.directories) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	directories_start(probe.directories);
	probe.routing = routing_new(probe.conf, probe.directories);
	probe.auth = auth_new(probe.conf, probe.directories);
	status = run(count - 2, words + 2);
	auth_free(probe.auth);
	routing_free(probe.routing);
	directories_close(probe.directories);
	conf_free(probe.conf);
	return status;
}
