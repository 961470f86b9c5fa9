/* SPDX-License-Identifier: ISC */
/* What the files of `postern explain` share: an answer is lines "key TAB value"
 * (directory_role/explain.h). */
#ifndef COMMAND_EXPLAIN_H
#define COMMAND_EXPLAIN_H

#include <stdio.h>

#include "base/span.h"
#include "conf/conf.h"

struct buffer;

/* Takes a line from the front. False: there is no more. */
bool explain_take(struct span *lines, struct span *key, struct span *value);
/* The value of the first line with that key; at NULL when there is none. */
struct span explain_value(struct span lines, const char *key);

void explain_print_text(FILE *to, struct span lines);
/* Values of a key that ends in "[]" are one array, steps "GROUP/KEY" one of objects. */
void explain_print_json(FILE *to, struct span lines);

/*
 * How full the mailboxes are that the lines name, read from the store's files: "used" and, in front
 * of what a full one makes of the reply to RCPT, "quota state". A mailbox that cannot be looked at
 * is said to be so.
 */
void explain_add_usage(const struct conf *conf, struct buffer *lines);

#endif
