/* SPDX-License-Identifier: ISC */
/*
 * Recipient answers for a short time: who has an address (positive), who has not
 * (negative), each with its own life. Failures are never kept. Locked inside.
 */
#ifndef DIRECTORY_CACHE_H
#define DIRECTORY_CACHE_H

#include "directory/person.h"

struct cache;

struct cache *cache_new(unsigned positive_seconds, unsigned negative_seconds);
void cache_free(struct cache *cache);
/* False when nothing is known. *exists false: known not to be there. *left: milliseconds it holds.
 */
bool cache_find(struct cache *cache, struct span key, int64_t now, bool *exists,
		struct person *person, int64_t *left);
/* person NULL: there is none. */
void cache_keep(struct cache *cache, struct span key, int64_t now, const struct person *person);

#endif
