/* SPDX-License-Identifier: ISC */
/*
 * The message to the owner of a mailbox that fills up, and a copy for whoever wants one. Written
 * and delivered by a thread of its own: who crosses the level does not wait for it.
 */
#ifndef STORE_ROLE_STORE_WARN_H
#define STORE_ROLE_STORE_WARN_H

#include "store_role/store_role.h"

struct conf;
struct store_warner;

/* The queue is open. */
struct store_warner *store_warn_begin(struct store_role *role, const struct conf *conf);
/* Nothing is delivered any more; what was not sent yet is told of again by later deliveries. */
void store_warn_end(struct store_warner *warner);

#endif
