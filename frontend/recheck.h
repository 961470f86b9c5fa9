/* SPDX-License-Identifier: ISC */
/*
 * Sessions that somebody has logged into, asked about again while they are open: each every
 * RECHECK_SECONDS, spread over that time, many in one packet to the directory role. A session
 * whose account was disabled, deleted, locked, has expired or has another password is
 * ended; one about which no answer can be had goes on.
 */
#ifndef FRONTEND_RECHECK_H
#define FRONTEND_RECHECK_H

#include "base/span.h"

enum { RECHECK_SECONDS = 20 };

struct frontend;
struct session;
struct watched; /* one session; the plain ones have none */

/* standing: the ticket of the login. Again for the same session: in place of the one before. */
void recheck_watch(struct session *session, struct span standing);
void recheck_forget(struct session *session);
/* The ticket of the login, valid while the session is watched; empty: nobody has logged in. */
struct span recheck_standing(const struct session *session);

#endif
