/* SPDX-License-Identifier: ISC */
/*
 * The answers to `postern explain`, as lines "key TAB value"; octets in values that are no text are
 * shown as "\xNN". Made by the directory role of the running gateway, which knows the back-off
 * and the cache, or, when none runs, by the command itself with the same functions.
 *
 * About mail: first the steps, with keys "sender/KEY" and "recipient/KEY" (the facts of struct
 * route_teller) and "expansion/KEY"; then what follows from them. Keys that end in "[]" may come
 * several times. The directory role cannot see how full a mailbox is: it tells the "mailbox", its
 * "id" and the "quota" in octets, and the command looks.
 */
#ifndef DIRECTORY_ROLE_EXPLAIN_H
#define DIRECTORY_ROLE_EXPLAIN_H

#include "auth/auth.h"
#include "routing/routing.h"

struct buffer;
struct conf;

enum explain_where { EXPLAIN_RUNNING, EXPLAIN_ALONE };

struct explain {
	const struct conf *conf;
	struct auth *auth;
	struct routing *routing;
	struct directories *directories;
	enum explain_where where;
	struct buffer *lines; /* the answer: at most EXPLAIN_MAX octets */
};
enum { EXPLAIN_MAX = 60000 };

void explain_login(const struct explain *explain, const char *name);
/* How mail for that address goes, from somebody of whom nothing is known. */
void explain_address(const struct explain *explain, const char *address);
/* How mail from one address to another goes. `subject`: FROM, a tab, TO, a tab, and the name of who
 * logs in; "" = nobody does. FROM may be "<>". */
void explain_send(const struct explain *explain, const char *subject);

#endif
