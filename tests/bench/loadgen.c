/* SPDX-License-Identifier: ISC */
#include "tests/bench/load.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct load_protocol *protocols[] = { &load_smtp,        &load_smtp_rcpt,
						   &load_pop3_login,  &load_pop3_fetch,
						   &load_pop3_idle,   &load_auth_plain,
						   &load_auth_gssapi, &load_auth_ntlm };

static const struct load_protocol *find_protocol(const char *name)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (strcmp(protocols[i]->name, name) == 0)
			return protocols[i];
	return NULL;
}

static void usage(void)
{
	fprintf(stderr, "usage: loadgen PROTOCOL -p PORT [OPTION...]\n"
			"  PROTOCOL       smtp smtp-rcpt pop3-login pop3-fetch pop3-idle\n"
			"                 auth-plain auth-gssapi auth-ntlm: POP3, AUTH and QUIT\n"
			"  -a ADDRESS     of the server (127.0.0.1)\n"
			"  -d DOMAIN      of the users (bench.example)\n"
			"  -k HOST        auth-gssapi, auth-ntlm: the server's name (localhost)\n"
			"  -c DIRECTORY   auth-gssapi: of files with tickets, u0, u1, ... (.)\n"
			"  -s SESSIONS    at once (20)\n"
			"  -m MESSAGES    smtp: in one session (1)\n"
			"  -r RECIPIENTS  smtp: of one message (1)\n"
			"  -z OCTETS      smtp: of one message (10240)\n"
			"  -f FIRST       number of the first user (0)\n"
			"  -u USERS       in rotation (1000)\n"
			"  -n TOTAL       messages or sessions\n"
			"  -t SECONDS     no new work after that\n"
			"  -e COUNT       pop3-fetch: messages in each mailbox\n"
			"  -w ROOT        smtp: wait until they are in the Maildirs below, or in a sink's count\n"
			"  -l             pop3-idle: log in first; smtp: AUTH PLAIN\n"
			"  -S             STARTTLS (smtp); -T TLS from the first byte\n"
			"  -R             resume TLS sessions (not: a whole handshake each time)\n"
			"  -j PROCESSES   pop3-idle: the sessions spread over so many\n"
			"  -b NUMBER      127.0.0.1 + NUMBER is the first source address\n"
			"  -x COMMAND     pop3-idle: run it while all are held\n");
	exit(2);
}

static bool read_option(struct load_options *options, int option)
{
	switch (option) {
	case 'a':
		return inet_pton(AF_INET, optarg, &options->server.sin_addr) == 1;
	case 'p':
		options->server.sin_port = htons((uint16_t)atoi(optarg));
		return true;
	case 'd':
		options->domain = optarg;
		return true;
	case 'k':
		options->host = optarg;
		return true;
	case 'c':
		options->tickets = optarg;
		return true;
	case 'w':
		options->delivered_in = optarg;
		return true;
	case 'x':
		options->run = optarg;
		return true;
	case 'l':
		options->login = true;
		return true;
	case 'S':
		options->tls = LOAD_STARTTLS;
		return true;
	case 'T':
		options->tls = LOAD_IMPLICIT;
		return true;
	case 'R':
		options->resume = true;
		return true;
	case 't':
		options->seconds = atof(optarg);
		return options->seconds > 0;
	default:
		return false;
	}
}

static bool read_number(struct load_options *options, int option)
{
	unsigned number = (unsigned)strtoul(optarg, NULL, 10);
	struct {
		int option;
		unsigned *place;
	} places[] = { { 's', &options->sessions },   { 'm', &options->messages },
		       { 'r', &options->recipients }, { 'f', &options->first_user },
		       { 'u', &options->users },      { 'e', &options->expect },
		       { 'j', &options->processes },  { 'b', &options->source } };

	if (option == 'z')
		options->size = number;
	if (option == 'n')
		options->total = number;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (places[i].option == option)
			*places[i].place = number;
	return number > 0 || option == 'f' || option == 'e';
}

static void print_result(const struct load *load, const struct load_times *times)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	printf("%s count=%llu errors=%llu seconds=%.6f rate=%.1f unit=%s cpu=%.2f",
	       load->protocol->name, (unsigned long long)load->finished,
	       (unsigned long long)load->errors, times->complete,
	       (double)load->finished / times->complete, load->protocol->unit,
	       (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
	if (load->options->delivered_in)
		printf(" accepted_rate=%.1f", (double)load->finished / times->accepted);
	if (load->protocol == &load_pop3_idle)
		printf(" held=%u", load->held);
	if (load->fetched)
		printf(" retr_rate=%.1f mb_rate=%.2f", (double)load->fetched / times->complete,
		       (double)load->octets / times->complete / 1e6);
	printf("\n");
}

int main(int argc, char **argv)
{
	struct load_options options = { .domain = "bench.example",
					.host = "localhost",
					.tickets = ".",
					.sessions = 20,
					.messages = 1,
					.recipients = 1,
					.users = 1000,
					.size = 10240,
					.processes = 1 };
	struct load load = { .options = &options };
	struct load_times times = { 0 };
	bool good;
	int option;

	options.server.sin_family = AF_INET;
	options.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	load.protocol = argc > 1 ? find_protocol(argv[1]) : NULL;
	if (!load.protocol)
		usage();
	for (optind = 2;
	     (option = getopt(argc, argv, "a:p:d:k:c:s:m:r:z:f:u:n:t:e:w:lSTRj:b:x:")) != -1;)
		if (option == '?' ||
		    !(strchr("smrzfunejb", option) ? read_number(&options, option)
						   : read_option(&options, option)))
			usage();
	if (load.protocol == &load_pop3_idle)
		options.total = options.sessions;
	if (!options.server.sin_port || (!options.total && options.seconds <= 0))
		usage();
	load.sessions = calloc(options.sessions, sizeof(*load.sessions));
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!load.sessions || load.epoll < 0 || !load_smtp_prepare(&load) ||
	    !load_tls_prepare(&load) || !load_auth_prepare(&load)) {
		perror("load");
		return 1;
	}
	good = options.processes > 1 ? load_run_spread(&load, &times) : load_run(&load, &times);
	print_result(&load, &times);
	return good ? 0 : 1;
}
