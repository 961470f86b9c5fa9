/* SPDX-License-Identifier: ISC */
/*
 * The exchanges of one peer that are under way in the directory role, logins of clients
 * or our own elsewhere, by the peer's number. Capped in number and in age: an exchange
 * that nobody goes on with makes room. For many threads.
 */
#ifndef DIRECTORY_ROLE_EXCHANGE_TABLE_H
#define DIRECTORY_ROLE_EXCHANGE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#define EXCHANGE_TABLE_MAX     1024
#define EXCHANGE_TABLE_SECONDS 300 /* as long as a client is waited for, and longer */

struct exchange_table;

/* free_one: of what is put in. */
struct exchange_table *exchange_table_new(void (*free_one)(void *exchange));
void exchange_table_free(struct exchange_table *table); /* and what is in it */

/* Puts it in, as taken; what is too old, and the oldest when there is no room, is freed. False: the
 * number is in use. */
bool exchange_table_add(struct exchange_table *table, uint32_t handle, void *exchange);
/* For the calling thread alone, until it is given back. NULL: not there, *busy: another thread has
 * it. */
void *exchange_table_take(struct exchange_table *table, uint32_t handle, bool *busy);
/* It goes on. Freed here when it was dropped meanwhile. */
void exchange_table_give(struct exchange_table *table, uint32_t handle);
/* It is over, or will not go on. Freed now, or when it is given back. */
void exchange_table_drop(struct exchange_table *table, uint32_t handle);

#endif
