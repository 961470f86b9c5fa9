/* SPDX-License-Identifier: ISC */
/*
 * A cache: text keys to owned values, each with its own time of death, at most
 * `limit` of them; the least recently used goes first. Keys are compared byte
 * by byte (fold case before). Hashing is seeded, so a stranger cannot make keys
 * collide. Not locked: the owner locks.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/span.h"

struct table;

struct table *table_new(size_t limit, void (*release)(void *value)); /* release may be NULL */
void table_free(struct table *table);
/* The value, or NULL when absent or dead at `now` (milliseconds, clock_ms). Still the table's. */
void *table_find(struct table *table, struct span key, int64_t now);
/* Replaces; the table owns the value from here. */
void table_put(struct table *table, struct span key, void *value, int64_t dies);
void table_drop(struct table *table, struct span key);
bool table_drop_oldest(struct table *table); /* the least recently used; false when there is none */
/* Drops all of which `doomed` says so. */
void table_sweep(struct table *table, bool (*doomed)(void *context, const void *value), void *context);
void table_clear(struct table *table);
size_t table_count(const struct table *table);

#endif
