/* SPDX-License-Identifier: ISC */
/*
 * The administrator's command, `postern COMMAND`: one file a command, one row a
 * command in the table of postern.c. Exit codes: 0 done, 1 failed (told on standard
 * error what, where and what to do), 2 wrong usage.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <stdbool.h>

struct buffer;

enum { COMMAND_DONE = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2 };

struct command_options {
	const char *file; /* of the configuration */
	bool json;        /* tables as JSON */
};

/*
 * A command gets its own words as main() does: argv[0] is its name, options of its
 * own are read with getopt_long (optind is 1). Returns the exit code; after
 * COMMAND_USAGE the caller prints the command's usage.
 */
typedef int command_run(const struct command_options *options, int argc, char **argv);

command_run command_check, command_status, command_reload, command_stop, command_version;
command_run command_mailbox, command_passwd, command_domain, command_explain;
command_run command_join, command_leave, command_rotate, command_queue, command_quota;

/* Somebody listens at <run>/control: there is a gateway to ask. Says nothing. */
bool control_is_open(const char *run);
/*
 * Says a word to the master of the running gateway, over <run>/control. False after
 * an explanation on standard error; what follows the "ok" line is in reply.
 */
bool control_ask(const struct command_options *options, const char *word, struct buffer *reply);

#endif
