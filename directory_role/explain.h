/* SPDX-License-Identifier: ISC */
/*
 * The answers to `postern explain`, as lines "key TAB value"; control characters in values are
 * shown as "?". Made by the directory role of the running gateway, which knows the back-off,
 * or, when none runs, by the command itself with the same functions.
 */
#ifndef DIRECTORY_ROLE_EXPLAIN_H
#define DIRECTORY_ROLE_EXPLAIN_H

#include "auth/auth.h"

struct buffer;
struct conf;

enum explain_where { EXPLAIN_RUNNING, EXPLAIN_ALONE };

/* At most EXPLAIN_MAX octets. */
enum { EXPLAIN_MAX = 60000 };
void explain_login(struct auth *auth, const struct conf *conf, const char *name,
		   enum explain_where where, struct buffer *lines);

#endif
