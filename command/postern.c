/* SPDX-License-Identifier: ISC */
/* The administrator's command. Exit codes: 0 done, 1 failed, 2 wrong usage. */
#include "command/command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define CONF_DEFAULT "/etc/postern/postern.conf"

int command_version(const struct command_options *options, int argc, char **argv)
{
	(void)options;
	(void)argv;
	if (argc != 1)
		return COMMAND_USAGE;
	puts("postern " POSTERN_VERSION);
	return COMMAND_DONE;
}

static const struct command {
	const char *name;
	command_run *run;
	const char *words; /* behind the name, for the usage */
	const char *help;
} commands[] = {
	{ "status", command_status, "",
	  "the processes of the running gateway, and how its directories are bound" },
	{ "reload", command_reload, "",
	  "check the configuration, then take it without dropping sessions" },
	{ "stop", command_stop, "", "finish what was taken in, then end" },
	{ "explain", command_explain, "ADDRESS | send FROM TO [--as NAME] | login NAME",
	  "how mail for that address goes, from one address to another, how a login goes; and what "
	  "decides it" },
	{ "check", command_check, "",
	  "test the configuration and look at the domain from all sides; each finding with its "
	  "remedy" },
	{ "queue", command_queue,
	  "list [WHICH] | summary [WHICH] | show ID... | export ID | retry WHICH | hold WHICH | "
	  "release WHICH | remove WHICH | bounce WHICH; WHICH: [ID]... [--sender GLOB] "
	  "[--recipient GLOB] [--domain GLOB] [--reason TEXT] [--server NAME] [--older AGE] "
	  "[--newer AGE] [--held]",
	  "mail that waits" },
	{ "quota", command_quota,
	  "show ADDRESS... | report [--domain DOMAIN] [--over PERCENT] | recalc ADDRESS... | --all",
	  "how full mailboxes are, what limits them and who says so; count them anew" },
	{ "mailbox", command_mailbox,
	  "add ADDRESS [--create-user|--no-create-user] [--quota SIZE] [--stdin] [--user NAME] "
	  "[--container DN] | delete ADDRESS [--yes] [--delete-user] | list [DOMAIN] | "
	  "lock ADDRESS | unlock ADDRESS | stat ADDRESS",
	  "mailboxes and their accounts" },
	{ "passwd", command_passwd, "ADDRESS [--stdin]", "a new password for a mailbox" },
	{ "domain", command_domain, "list", "the domains and how many mailboxes they have" },
	{ "join", command_join,
	  "DOMAIN [-U ADMIN] [--host MAIL-NAME]... [--ntlm] [--dry-run] [more: postern(1)]",
	  "make this machine a member of an Active Directory domain and write the configuration" },
	{ "leave", command_leave, "[-U ADMIN] [--stdin-password] [--local]",
	  "delete the computer account and the keytab" },
	{ "rotate", command_rotate, "[--days N | --now]",
	  "give the computer accounts new passwords when theirs are older than 30 days" },
	{ "version", command_version, "", "print the version" },
};

static int usage(FILE *to, int code)
{
	fputs("usage: postern [-c FILE] [--json] COMMAND\n", to);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		fprintf(to, "  %s %s\n      %s\n", commands[i].name, commands[i].words,
			commands[i].help);
	return code;
}

static int run(const struct command *command, const struct command_options *options, int argc,
	       char **argv)
{
	int code;

	optind = 0; /* getopt begins anew, with the command's own words */
	code = command->run(options, argc, argv);
	if (code == COMMAND_USAGE)
		fprintf(stderr, "usage: postern [-c FILE] [--json] %s %s\n", command->name,
			command->words);
	return code;
}

/* --json may also stand behind the command. Returns how many words are left. */
static int take_json(int argc, char **argv, struct command_options *options)
{
	int kept = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			options->json = true;
		else
			argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	return kept;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = { { "json", no_argument, NULL, 'j' },
						      { "help", no_argument, NULL, 'h' },
						      { 0 } };
	struct command_options options = { .file = CONF_DEFAULT };
	int option;

	/* "+": what stands behind the command belongs to the command */
	while ((option = getopt_long(argc, argv, "+c:h", long_options, NULL)) != -1) {
		if (option == 'c')
			options.file = optarg;
		else if (option == 'j')
			options.json = true;
		else
			return usage(option == 'h' ? stdout : stderr,
				     option == 'h' ? COMMAND_DONE : COMMAND_USAGE);
	}
	argv += optind;
	argc = take_json(argc - optind, argv, &options);
	if (argc < 1)
		return usage(stderr, COMMAND_USAGE);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].name, argv[0]) == 0)
			return run(&commands[i], &options, argc, argv);
	fprintf(stderr, "postern: unknown command %s\n", argv[0]);
	return usage(stderr, COMMAND_USAGE);
}
