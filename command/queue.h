/* SPDX-License-Identifier: ISC */
/* What the commands about waiting mail share: which messages are meant, how they are shown. */
#ifndef COMMAND_QUEUE_H
#define COMMAND_QUEUE_H

#include "command/command.h"
#include "conf/conf.h"
#include "queue/queue.h"

struct queue_filter { /* empty fields say nothing; a message must please all of them */
	char **ids;
	int ids_count;
	bool *met; /* of each id: there is such a message; NULL = nobody asks */
	const char *sender, *recipient, *domain; /* globs; of a recipient that still waits */
	const char *reason;                      /* part of what was said last, any case */
	const char *server;
	int64_t older, newer; /* seconds since it arrived; 0 = not asked for */
	bool held;
};

/* Takes the options of WHICH (postern.c) and the ids between them. False: wrong usage. */
bool queue_filter_take(struct queue_filter *filter, int argc, char **argv);
bool queue_filter_empty(const struct queue_filter *filter);
bool queue_filter_matches(const struct queue_filter *filter, const struct queue_message *message);
/* Does this recipient still wait, or is its report still owed, and does it please the filter? */
bool queue_filter_matches_recipient(const struct queue_filter *filter,
				    const struct queue_message *message, size_t recipient);

/* "90", "15m", "12h", "2d". False: no such thing, or 0. */
bool queue_age(const char *text, int64_t *seconds);

/* A message in its file, and the configuration by whose rules it goes. False ends the walk. */
struct queue_seen {
	const struct conf *conf;
	const struct queue_message *message;
	int fd;
};
typedef bool queue_each(void *context, const struct queue_seen *seen);
/*
 * Each message that pleases the filter, and a complaint about each id of it that is not there.
 * *count: how many. False after an explanation of what went wrong, or when `each` has ended it.
 */
bool queue_walk(const struct command_options *options, const struct queue_filter *filter,
		queue_each *each, void *context, size_t *count);
/* DONE if the walk was good and found what it was to find; says it when there was nothing. */
int queue_found(bool good, const struct queue_filter *filter, size_t count);

command_run queue_list, queue_show, queue_summary, queue_export;
command_run queue_retry, queue_hold, queue_release_held, queue_remove, queue_bounce;

#endif
