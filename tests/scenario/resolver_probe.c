/* SPDX-License-Identifier: ISC */
/*
 * Asks the resolver role, from the command line, for scenarios: starts it as the master
 * does, with its user, its empty root and its filter, and asks as the relay does.
 *
 *	resolver_probe CONF
 *
 * One question a line on stdin:
 *
 *	hosts DOMAIN [host] [dane] [sts] [PORT]
 *	names ADDRESS
 *
 * One line of JSON an answer on stdout; "n" is the number of the question's line. Ends
 * when stdin has ended and all is answered; with code 1 when the role is gone before.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/master.h"
#include "daemon/message_resolver.h"
#include "daemon/role.h"
#include "daemon/spawn.h"
#include "io/packet.h"
#include "resolver/mail_name.h"

enum { ASKS_MAX = 5000 };

static struct {
	int control, channel;
	uint32_t asked, answered;
	int64_t began[ASKS_MAX + 1];
	bool over; /* of stdin */
} probe;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "resolver_probe: %s\n", what);
	exit(1);
}

static void complain(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

/* ---- the role, as the master starts it ---- */

static void send_to(int channel, uint16_t kind, uint32_t id, const struct wire_writer *writer,
		    int fd)
{
	struct packet packet = {
		.kind = kind, .id = id, .fd = fd, .body = span_make(writer->at, writer->used)
	};

	if (packet_send(channel, &packet) != PACKET_OK)
		fail("the role does not listen");
}

static void role_greet(const char *text)
{
	struct message_start start = { .generation = 1, .count = 1 };
	char memory[128];
	struct wire_writer writer;
	int fd = spawn_memory_file(span_text(text));

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_start(&writer, &start);
	send_to(probe.control, MESSAGE_START, 0, &writer, fd);
	close(fd);
}

static void role_introduce(void)
{
	struct message_peer peer = { ROLE_RELAY, 1, 0 };
	char memory[32];
	struct wire_writer writer;
	int ends[2];

	if (!packet_pair(ends))
		fail("no channel");
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_peer(&writer, &peer);
	send_to(probe.control, MESSAGE_PEER, 0, &writer, ends[1]);
	close(ends[1]);
	probe.channel = ends[0];
}

static void role_start(const char *file)
{
	static char memory[PACKET_BODY_MAX];
	char why[300] = "no such file", *text = NULL;
	struct packet packet;
	struct conf *conf = conf_read(file, &text, complain, NULL);

	if (!conf || !run_prepare(conf, why, sizeof why) || !spawn_init() ||
	    spawn_role(ROLE_RESOLVER, file, &probe.control) < 0)
		fail(why);
	role_greet(text);
	if (packet_receive(probe.control, memory, &packet) != PACKET_OK ||
	    packet.kind != MESSAGE_READY)
		fail("the role is not ready");
	role_introduce();
	conf_free(conf);
	free(text);
}

/* ---- questions ---- */

static void ask_hosts(char *words, struct wire_writer *writer)
{
	struct message_hosts ask = { .port = 25 };
	char *word = strtok(words, " ");

	snprintf(ask.domain, sizeof ask.domain, "%s", word ? word : "");
	while ((word = strtok(NULL, " "))) {
		if (strcmp(word, "host") == 0)
			ask.host = 1;
		else if (strcmp(word, "dane") == 0)
			ask.dane = 1;
		else if (strcmp(word, "sts") == 0)
			ask.mta_sts = 1;
		else
			ask.port = (uint16_t)atoi(word);
	}
	message_put_hosts(writer, &ask);
}

static void ask(char *line)
{
	char memory[512];
	struct wire_writer writer;
	struct message_names names;
	uint16_t kind = MESSAGE_HOSTS;

	wire_writer_init(&writer, memory, sizeof memory);
	if (strncmp(line, "hosts ", 6) == 0) {
		ask_hosts(line + 6, &writer);
	} else if (strncmp(line, "names ", 6) == 0 && mail_name_address(line + 6, names.address)) {
		kind = MESSAGE_NAMES;
		message_put_names(&writer, &names);
	} else {
		kind = MESSAGE_TAKE; /* which is not for the resolver */
	}
	if (probe.asked == ASKS_MAX)
		fail("too many questions");
	probe.began[++probe.asked] = clock_ms();
	send_to(probe.channel, kind, probe.asked, &writer, -1);
}

static void take_lines(void)
{
	static char memory[65536];
	static size_t used;
	ssize_t count = read(STDIN_FILENO, memory + used, sizeof memory - used - 1);
	char *end;

	probe.over = count <= 0;
	used += count > 0 ? (size_t)count : 0;
	memory[used] = '\0';
	while ((end = strchr(memory, '\n'))) {
		*end = '\0';
		ask(memory);
		used -= (size_t)(end + 1 - memory);
		memmove(memory, end + 1, used + 1);
	}
}

/* ---- answers ---- */

static void print_address(const unsigned char address[16])
{
	char text[INET6_ADDRSTRLEN];
	bool four = mail_name_is_ipv4(address);

	printf("\"%s\"", inet_ntop(four ? AF_INET : AF_INET6, four ? address + 12 : address, text,
				   sizeof text));
}

static void print_host(const struct hosts_host *host)
{
	printf("{\"name\": \"%s\", \"base\": \"%s\", \"preference\": %u, \"secure\": %u, "
	       "\"trouble\": %u, "
	       "\"unusable\": %u, \"addresses\": [",
	       host->name, host->base, host->preference, host->secure, host->tlsa_trouble,
	       host->unusable);
	for (uint32_t i = 0; i < host->addresses_count; i++) {
		printf("%s", i ? ", " : "");
		print_address(host->addresses[i]);
	}
	printf("], \"tlsa\": [");
	for (uint32_t i = 0; i < host->tlsa_count; i++) {
		const struct hosts_tlsa *tlsa = &host->tlsa[i];

		printf("%s\"%u %u %u ", i ? ", " : "", tlsa->usage, tlsa->selector, tlsa->matching);
		for (size_t j = 0; j < tlsa->data.length; j++)
			printf("%02x", (unsigned char)tlsa->data.at[j]);
		printf("\"");
	}
	printf("]}");
}

static void print_hosts(const struct message_hosts_found *found)
{
	static const char *const outcomes[] = { "found", "none", "null", "trouble" };
	static const char *const policies[] = { "none", "testing", "enforce" };

	printf(", \"outcome\": \"%s\", \"text\": \"%s\", \"good_for\": %u, \"mx_secure\": %u, "
	       "\"policy\": \"%s\", "
	       "\"id\": \"%s\", \"patterns\": [",
	       outcomes[found->outcome], found->text, found->good_for, found->mx_secure,
	       policies[found->policy], found->policy_id);
	for (uint32_t i = 0; i < found->patterns_count; i++)
		printf("%s\"%s\"", i ? ", " : "", found->patterns[i]);
	printf("], \"hosts\": [");
	for (uint32_t i = 0; i < found->count; i++) {
		printf("%s", i ? ", " : "");
		print_host(&found->hosts[i]);
	}
	printf("]");
}

static void print_names(const struct message_names_found *found)
{
	printf(", \"trouble\": %u, \"good_for\": %u, \"names\": [", found->trouble,
	       found->good_for);
	for (uint32_t i = 0; i < found->count; i++)
		printf("%s\"%s\"", i ? ", " : "", found->names[i]);
	printf("]");
}

static void take_answer(void)
{
	static char memory[PACKET_BODY_MAX];
	static struct message_hosts_found hosts;
	struct message_names_found names;
	struct packet packet;

	if (packet_receive(probe.channel, memory, &packet) != PACKET_OK)
		fail("the role has closed the channel");
	if (packet.id == 0 || packet.id > probe.asked)
		fail("an answer to no question");
	printf("{\"n\": %u, \"ms\": %lld", packet.id,
	       (long long)(clock_ms() - probe.began[packet.id]));
	if (packet.kind == MESSAGE_HOSTS && message_get_hosts_found(packet.body, &hosts))
		print_hosts(&hosts);
	else if (packet.kind == MESSAGE_NAMES && message_get_names_found(packet.body, &names))
		print_names(&names);
	else
		fail("a malformed answer");
	printf("}\n");
	fflush(stdout);
	probe.answered++;
}

static void serve(void)
{
	while (!probe.over || probe.answered < probe.asked) {
		struct pollfd polls[] = { { .fd = probe.channel, .events = POLLIN },
					  { .fd = probe.over ? -1 : STDIN_FILENO,
					    .events = POLLIN } };

		if (poll(polls, 2, -1) < 0)
			fail("poll");
		if (polls[0].revents)
			take_answer();
		if (polls[1].revents)
			take_lines();
	}
}

int main(int argc, char **argv)
{
	struct role_start begin;

	/* Executed again by spawn_role: posternd --role resolver -c CONF */
	if (argc == 5 && strcmp(argv[1], "--role") == 0) {
		role_begin(&begin, ROLE_RESOLVER, argv[4]);
		return resolver_main(&begin);
	}
	if (argc != 2)
		fail("usage: resolver_probe CONF");
	log_open("probe", LOG_LEVEL_WARNING, LOG_FORM_LINE);
	role_start(argv[1]);
	serve();
	return 0;
}
