/* SPDX-License-Identifier: ISC */
/* `postern queue WHAT`: waiting mail, read from its files, with a gateway or without. */
#include "command/queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/check.h"

struct walk {
	const struct conf *conf;
	struct queue_filter filter;
	queue_each *each;
	void *context;
	size_t count;
	bool ended;
};

static bool walk_one(void *context, const struct queue_message *message, int fd)
{
	struct walk *walk = context;

	if (!queue_filter_matches(&walk->filter, message))
		return true;
	walk->count++;
	walk->ended = !walk->each(walk->context, &(struct queue_seen){ walk->conf, message, fd });
	return !walk->ended;
}

static bool walk_all(struct walk *walk)
{
	struct queue_failure failure = { .reason = "" };
	bool good;

	errno = 0;
	good = queue_visit(walk->conf->store.queue, walk_one, walk, &failure);
	if (!good && !walk->ended)
		fprintf(stderr, "postern: %s\n%s", failure.reason,
			errno == EACCES || errno == EPERM ? "postern: this needs root\n" : "");
	return good && !walk->ended;
}

bool queue_walk(const struct command_options *options, const struct queue_filter *filter,
		queue_each *each, void *context, size_t *count)
{
	struct conf *conf = conf_read(options->file, NULL, check_complain, NULL);
	struct walk walk = { .conf = conf, .filter = *filter, .each = each, .context = context };
	size_t ids = (size_t)filter->ids_count;
	bool good;

	walk.filter.met = memory_array(ids + 1, sizeof *walk.filter.met);
	good = conf && walk_all(&walk);
	for (size_t i = 0; good && i < ids; i++)
		if (!walk.filter.met[i])
			fprintf(stderr, "postern: no message %s waits\n", filter->ids[i]);
	*count = walk.count;
	free(walk.filter.met);
	conf_free(conf);
	return good;
}

int queue_found(bool good, const struct queue_filter *filter, size_t count)
{
	if (!good)
		return COMMAND_FAILED;
	if (count == 0 && filter->ids_count == 0)
		fprintf(stderr, "postern: no such message waits (postern queue list)\n");
	return count == 0 || count < (size_t)filter->ids_count ? COMMAND_FAILED : COMMAND_DONE;
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
