/* SPDX-License-Identifier: ISC */
/* The message to the owner of a mailbox that fills up, and a copy for whoever wants one. */
#ifndef STORE_ROLE_STORE_WARN_H
#define STORE_ROLE_STORE_WARN_H

#include "store_role/store_role.h"

/* The queue is open. */
void store_warn_begin(struct store_role *role, const struct conf *conf);

#endif
