/* SPDX-License-Identifier: ISC */
/* What the files of `postern quota` share: mailboxes with what they hold and may hold. */
#ifndef COMMAND_QUOTA_H
#define COMMAND_QUOTA_H

#include "command/command.h"
#include "conf/conf.h"
#include "store/store.h"

enum { QUOTA_WARN, QUOTA_SEND, QUOTA_RECEIVE, QUOTA_LEVELS };

struct quota_row {
	char address[600]; /* as it was asked for; then of the mailbox */
	/* Of the mailbox. With an id from the start its owner is looked for by that. */
	char domain[STORE_NAME_SIZE], name[STORE_NAME_SIZE], id[STORE_ID_SIZE];
	bool here;       /* there is a mailbox of that address here */
	bool trouble;    /* the directory or the disk did not answer: see why */
	char why[400];
	struct store_usage usage;
	int64_t warned;  /* unix time; 0 = not since it was below the level */
	uint64_t limit[QUOTA_LEVELS]; /* octets; 0 = none */
	char source[QUOTA_LEVELS][40]; /* "entry", "domain", "section quota", "nothing says so" */
};

/* Fills the rows, which have an address each: by the directories, many at a time, and by the disk.
 * False after an explanation: nobody could be asked. */
bool quota_rows_fill(const struct conf *conf, struct quota_row *rows, size_t count);
/* Of the highest level there is; 0 where there is none. */
double quota_row_percent(const struct quota_row *row);
void quota_rows_print(const struct command_options *options, const struct quota_row *rows,
		      size_t count);

#endif
