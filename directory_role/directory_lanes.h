/* SPDX-License-Identifier: ISC */
/*
 * The pools of the directory role and which of them a packet goes to. Each directory has
 * its own, so that one that does not answer holds up nobody else's threads.
 */
#ifndef DIRECTORY_ROLE_DIRECTORY_LANES_H
#define DIRECTORY_ROLE_DIRECTORY_LANES_H

#include "daemon/work.h"

struct conf;

enum { DIRECTORY_POOL_LOOKUP, DIRECTORY_POOL_PASSWORD, DIRECTORY_POOLS }; /* of one directory */

/* The threads of all pools, as work_plan takes them; the caller frees it. */
unsigned *directory_threads(const struct conf *conf);
/*
 * work_plan.lane. Work that asks no directory is done at once, so it may go anywhere. Whom an
 * exchange will ask is not known before its end: all of them share a pool of their own. So do the
 * questions about open sessions, which may be about several; and so do
 * our own logins at other servers, so that a token endpoint holds up nobody who logs in here; and
 * lists, so that long expansions hold up no lookup; and the administrator's questions, which may
 * expand lists too.
 */
unsigned directory_lane(void *context, const struct work_permit *permit, struct span body);
/* work_plan.shed: too much waits for that directory already. */
bool directory_shed(struct work *work);

#endif
