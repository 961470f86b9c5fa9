/* SPDX-License-Identifier: ISC */
/* The administrator's command. Exit codes: 0 done, 1 failed, 2 wrong usage. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/check.h"

#define CONF_DEFAULT "/etc/postern/postern.conf"

enum { STATUS_FIELDS = 7, REPLY_MAX = 1 << 20 };

struct options {
	const char *file;
	bool json;
};

static int control_connect(const char *run)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/control", run);
	int trouble;

	if (fd >= 0 && length > 0 && (size_t)length < sizeof address.sun_path &&
	    connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	trouble = errno;
	fprintf(stderr, "postern: %s/control: %s\n", run, strerror(trouble));
	fputs(trouble == EACCES ? "postern: this needs root\n"
			      : "postern: is posternd running with this configuration (-c FILE)?\n",
	      stderr);
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool control_talk(int fd, const char *word, struct buffer *reply)
{
	char line[64];
	int length = snprintf(line, sizeof line, "%s\n", word);
	ssize_t count;

	if (send(fd, line, (size_t)length, MSG_NOSIGNAL) != length)
		return false;
	while (buffer_used(reply) < REPLY_MAX &&
	       (count = recv(fd, buffer_reserve(reply, 4096), 4096, 0)) > 0)
		buffer_commit(reply, (size_t)count);
	return buffer_used(reply) > 0;
}

/* Asks the master; false after an explanation on stderr. What follows the "ok" line stays in reply. */
static bool control_ask(const struct options *options, const char *word, struct buffer *reply)
{
	struct conf *conf = conf_read(options->file, NULL, check_complain, NULL);
	int fd = conf ? control_connect(conf->run) : -1;
	bool heard = fd >= 0 && control_talk(fd, word, reply);

	conf_free(conf);
	if (fd >= 0)
		close(fd);
	if (heard && buffer_used(reply) >= 3 && memcmp(buffer_bytes(reply), "ok\n", 3) == 0) {
		buffer_consume(reply, 3);
		return true;
	}
	if (fd >= 0)
		fprintf(stderr, "postern: the master answered: %.*s\n", (int)buffer_used(reply),
			heard ? buffer_bytes(reply) : "nothing");
	return false;
}

static const struct {
	const char *key;
	bool number;
} status_fields[STATUS_FIELDS] = {
	{ "role", false },  { "index", true },	 { "generation", true }, { "pid", true },
	{ "state", false }, { "seconds", true }, { "restarts", true },
};

static bool status_split(struct span line, struct span fields[STATUS_FIELDS])
{
	size_t count = 0;
	struct span field;

	while (count < STATUS_FIELDS && span_cut(&line, '\t', &field))
		fields[count++] = field;
	return count == STATUS_FIELDS && !line.at;
}

static void status_json(struct span fields[STATUS_FIELDS], bool first)
{
	printf("%s\n  {", first ? "" : ",");
	for (size_t i = 0; i < STATUS_FIELDS; i++)
		printf("%s\"%s\": %s%.*s%s", i ? ", " : "", status_fields[i].key,
		       status_fields[i].number ? "" : "\"", (int)fields[i].length, fields[i].at,
		       status_fields[i].number ? "" : "\"");
	printf("}");
}

static void status_row(struct span fields[STATUS_FIELDS])
{
	for (size_t i = 0; i < STATUS_FIELDS; i++)
		printf("%-11.*s", (int)fields[i].length, fields[i].at);
	printf("\n");
}

static int do_status(const struct options *options)
{
	struct buffer reply = BUFFER_EMPTY;
	struct span rest, line, fields[STATUS_FIELDS];
	bool first = true, asked = control_ask(options, "status", &reply);

	rest = buffer_span(&reply);
	if (asked && options->json)
		printf("[");
	for (size_t i = 0; asked && !options->json && i < STATUS_FIELDS; i++)
		printf("%-11s%s", status_fields[i].key, i + 1 == STATUS_FIELDS ? "\n" : "");
	while (asked && span_cut(&rest, '\n', &line)) {
		if (!status_split(line, fields))
			continue;
		if (options->json)
			status_json(fields, first);
		else
			status_row(fields);
		first = false;
	}
	if (asked && options->json)
		printf("\n]\n");
	buffer_clear(&reply);
	return asked ? 0 : 1;
}

static int do_word(const struct options *options, const char *word)
{
	struct buffer reply = BUFFER_EMPTY;
	bool asked = control_ask(options, word, &reply);

	buffer_clear(&reply);
	return asked ? 0 : 1;
}

static int do_reload(const struct options *options)
{
	bool good = check_configuration(options->file, CHECK_MACHINE);

	if (!good)
		fputs("postern: not reloaded; the configuration in force stays\n", stderr);
	return good ? do_word(options, "reload") : 1;
}

static int do_stop(const struct options *options)
{
	return do_word(options, "stop");
}

static int do_check(const struct options *options)
{
	bool good = check_configuration(options->file, CHECK_DIRECTORIES);

	if (good)
		printf("%s: good\n", options->file);
	return good ? 0 : 1;
}

static int do_version(const struct options *options)
{
	(void)options;
	puts("postern " POSTERN_VERSION);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct options *options);
	const char *help;
} commands[] = {
	{ "status", do_status, "the processes of the running gateway, their state and restarts" },
	{ "reload", do_reload, "check the configuration, then take it without dropping sessions" },
	{ "stop", do_stop, "finish what was taken in, then end" },
	{ "check", do_check, "test the configuration and what it names" },
	{ "version", do_version, "print the version" },
};

static int usage(FILE *to, int code)
{
	fputs("usage: postern [-c FILE] [--json] COMMAND\n", to);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = { { "json", no_argument, NULL, 'j' },
						      { "help", no_argument, NULL, 'h' },
						      { 0 } };
	struct options options = { .file = CONF_DEFAULT };
	int option;

	while ((option = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1) {
		if (option == 'c')
			options.file = optarg;
		else if (option == 'j')
			options.json = true;
		else
			return usage(option == 'h' ? stdout : stderr, option == 'h' ? 0 : 2);
	}
	if (optind + 1 != argc)
		return usage(stderr, 2);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].name, argv[optind]) == 0)
			return commands[i].run(&options);
	fprintf(stderr, "postern: unknown command %s\n", argv[optind]);
	return usage(stderr, 2);
}
