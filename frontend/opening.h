/* SPDX-License-Identifier: ISC */
/*
 * A maildrop being opened at the store for one POP3 session. It outlives the session
 * if it must: the store may have locked the maildrop by then, and has to be told to
 * unlock it. A maildrop that is busy is asked for again for a moment: the session
 * that just said QUIT may be at another frontend, its unlocking still on the way.
 */
#ifndef FRONTEND_OPENING_H
#define FRONTEND_OPENING_H

#include "frontend/frontend.h"
#include "daemon/message_store.h"

struct opening;

/* Exactly once, never from inside opening_start; handed NULL: temporary trouble. fd is the callee's, -1 = none. */
typedef void (*opening_done)(void *owner, const struct message_handed *handed, int fd, unsigned store_epoch);

/* The store must be there. */
struct opening *opening_start(struct frontend *frontend, const char *session, struct span ticket,
			      opening_done done, void *owner);
void opening_abandon(struct opening *opening); /* the owner goes away: done is not called any more */

/* Tells the store, if it is still the one that gave the handle. */
void opening_unlock(struct frontend *frontend, unsigned store_epoch, uint32_t handle);

#endif
