/* SPDX-License-Identifier: ISC */
/*
 * `postern queue retry | hold | release | remove | bounce`: finds the messages in the files
 * and has the running gateway do it, some hundred at a time.
 */
#include <inttypes.h>
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
	uint64_t done;
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

static bool act_one(void *context, const struct queue_seen *seen)
{
	struct act *act = context;

	if (buffer_used(&act->line) == 0)
		buffer_add_format(&act->line, "queue %s", act->word);
	buffer_add_format(&act->line, " %s", seen->message->id);
	return buffer_used(&act->line) < CONTROL_LINE_MAX - QUEUE_ID_SIZE - 2 || flush(act);
}

static void tell(const struct act *act, const char *done, size_t meant)
{
	if (act->options->json)
		printf("{\"%s\": %" PRIu64 ", \"meant\": %zu}\n", done, act->done, meant);
	else
		printf("%" PRIu64 " of %zu message%s %s\n", act->done, meant, meant == 1 ? "" : "s",
		       done);
	if (act->done < meant && !act->failed)
		fprintf(stderr,
			"postern: the others are not there any more, or a gateway that has just "
			"started has not read them yet; trouble is in its log (queue.order)\n");
}

static int run(const struct command_options *options, const char *word, const char *done, int argc,
	       char **argv)
{
	struct act act = { .options = options, .word = word };
	struct queue_filter filter;
	size_t meant;
	bool good;
	int code;

	if (!queue_filter_take(&filter, argc, argv))
		return COMMAND_USAGE;
	if (queue_filter_empty(&filter)) {
		fprintf(stderr, "postern: name messages, or say which (--sender '*' means all)\n");
		return COMMAND_USAGE;
	}
	good = queue_walk(options, &filter, act_one, &act, &meant);
	good = !act.failed && flush(&act) && good;
	buffer_clear(&act.line);
	code = queue_found(good, &filter, meant);
	if (meant > 0 && (good || act.done > 0))
		tell(&act, done, meant);
	return act.done < meant ? COMMAND_FAILED : code;
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
