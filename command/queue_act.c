/* SPDX-License-Identifier: ISC */
/*
 * `postern queue retry | hold | release | remove | bounce`: finds the messages in the files
 * and has the running gateway do it, some hundred at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "command/queue.h"
#include "daemon/control.h"

struct act {
	const struct command_options *options;
	const char *word;
	struct buffer line;
	uint64_t meant, done;
	bool failed;
};

static bool flush(struct act *act)
{
	struct buffer reply = BUFFER_EMPTY;
	uint64_t done = 0;
	bool good;

	if (buffer_used(&act->line) == 0)
		return true;
	buffer_add(&act->line, "", 1);
	good = control_ask(act->options, buffer_bytes(&act->line), &reply) &&
	       span_number(span_trim(span_make(buffer_bytes(&reply),
					       strcspn(buffer_bytes(&reply), "\n"))),
			   &done);
	act->done += done;
	act->failed |= !good;
	buffer_clear(&act->line);
	buffer_clear(&reply);
	return good;
}

static bool act_one(void *context, const struct queue_message *message, int fd)
{
	struct act *act = context;

	(void)fd;
	if (buffer_used(&act->line) == 0)
		buffer_add_format(&act->line, "queue %s", act->word);
	buffer_add_format(&act->line, " %s", message->id);
	act->meant++;
	return buffer_used(&act->line) < CONTROL_LINE_MAX - QUEUE_ID_SIZE - 2 || flush(act);
}

static int run(const struct command_options *options, const char *word, const char *done, int argc,
	       char **argv)
{
	struct act act = { .options = options, .word = word };
	struct queue_filter filter;
	bool good;

	if (!queue_filter_take(&filter, argc, argv))
		return COMMAND_USAGE;
	if (queue_filter_empty(&filter)) {
		fprintf(stderr, "postern: name messages, or say which (--sender '*' means all)\n");
		return COMMAND_USAGE;
	}
	good = queue_walk(options, &filter, act_one, &act);
	good = flush(&act) && good && !act.failed;
	buffer_clear(&act.line);
	if (act.meant == 0)
		fprintf(stderr, "postern: no such message waits (postern queue list)\n");
	else if (options->json)
		printf("{\"%s\": %llu}\n", done, (unsigned long long)act.done);
	else
		printf("%llu of %llu messages %s\n", (unsigned long long)act.done,
		       (unsigned long long)act.meant, done);
	return good && act.meant > 0 && act.done == act.meant ? COMMAND_DONE : COMMAND_FAILED;
}

int queue_retry(const struct command_options *options, int argc, char **argv)
{
	return run(options, "retry", "retried", argc, argv);
}

int queue_hold(const struct command_options *options, int argc, char **argv)
{
	return run(options, "hold", "held", argc, argv);
}

int queue_release_held(const struct command_options *options, int argc, char **argv)
{
	return run(options, "release", "released", argc, argv);
}

int queue_remove(const struct command_options *options, int argc, char **argv)
{
	return run(options, "remove", "removed", argc, argv);
}

int queue_bounce(const struct command_options *options, int argc, char **argv)
{
	return run(options, "bounce", "returned", argc, argv);
}
