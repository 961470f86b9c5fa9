/* SPDX-License-Identifier: ISC */
/*
 * Logins in several messages at the directory role: what the client's server permits is
 * looked up in the configuration, not believed. A peer's exchanges are in a table of
 * its own (directory_role/exchange_table.h).
 */
#ifndef DIRECTORY_ROLE_DIRECTORY_EXCHANGE_H
#define DIRECTORY_ROLE_DIRECTORY_EXCHANGE_H

#include "daemon/work.h"

/* Handlers of a work_permit. */
bool directory_exchange(struct work *work);
bool directory_exchange_drop(struct work *work);

#endif
