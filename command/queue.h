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
/* Does this recipient still wait, and please the filter? */
bool queue_filter_matches_recipient(const struct queue_filter *filter,
				    const struct queue_message *message, size_t recipient);

/* "90", "15m", "12h", "2d". False: no such thing, or 0. */
bool queue_age(const char *text, int64_t *seconds);

/* Each message that pleases the filter; false after an explanation. */
typedef bool queue_each(void *context, const struct queue_message *message, int fd);
bool queue_walk(const struct command_options *options, const struct queue_filter *filter,
		queue_each *each, void *context);

command_run queue_list, queue_show, queue_summary, queue_export;
command_run queue_retry, queue_hold, queue_release_held, queue_remove, queue_bounce;

#endif
