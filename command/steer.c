/* SPDX-License-Identifier: ISC */
/* `postern reload` and `stop`: what the running gateway is to do. */
#include "command/command.h"

#include <stdio.h>

#include "base/buffer.h"
#include "daemon/check.h"

static int say_word(const struct command_options *options, const char *word)
{
	struct buffer reply = BUFFER_EMPTY;
	bool asked = control_ask(options, word, &reply);

	buffer_clear(&reply);
	return asked ? COMMAND_DONE : COMMAND_FAILED;
}

int command_reload(const struct command_options *options, int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return COMMAND_USAGE;
	if (check_configuration(options->file, CHECK_MACHINE))
		return say_word(options, "reload");
	fputs("postern: not reloaded; the configuration in force stays\n", stderr);
	return COMMAND_FAILED;
}

int command_stop(const struct command_options *options, int argc, char **argv)
{
	(void)argv;
	return argc == 1 ? say_word(options, "stop") : COMMAND_USAGE;
}
