/* SPDX-License-Identifier: ISC */
/* `postern queue WHAT`: waiting mail, read from its files, with a gateway or without. */
#include "command/queue.h"

#include <stdio.h>
#include <string.h>

#include "daemon/check.h"

struct walk {
	const struct queue_filter *filter;
	queue_each *each;
	void *context;
};

static bool walk_one(void *context, const struct queue_message *message, int fd)
{
	const struct walk *walk = context;

	return !queue_filter_matches(walk->filter, message) ||
	       walk->each(walk->context, message, fd);
}

bool queue_walk(const struct command_options *options, const struct queue_filter *filter,
		queue_each *each, void *context)
{
	struct walk walk = { filter, each, context };
	struct queue_failure failure = { .reason = "" };
	struct conf *conf = conf_read(options->file, NULL, check_complain, NULL);
	bool good = conf && queue_visit(conf->store.queue, walk_one, &walk, &failure);

	if (conf && !good)
		fprintf(stderr, "postern: %s\n", failure.reason);
	conf_free(conf);
	return good;
}

int command_queue(const struct command_options *options, int argc, char **argv)
{
	static const struct {
		const char *name;
		command_run *run;
	} table[] = {
		{ "list", queue_list },
		{ "show", queue_show },
		{ "summary", queue_summary },
		{ "export", queue_export },
		{ "retry", queue_retry },
		{ "hold", queue_hold },
		{ "release", queue_release_held },
		{ "remove", queue_remove },
		{ "bounce", queue_bounce },
	};

	for (size_t i = 0; argc > 1 && i < sizeof table / sizeof table[0]; i++)
		if (strcmp(argv[1], table[i].name) == 0)
			return table[i].run(options, argc - 1, argv + 1);
	return COMMAND_USAGE;
}
