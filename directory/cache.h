/* SPDX-License-Identifier: ISC */
/*
 * Answers of a directory for a short time: the objects that are there (positive), and what is not
 * there (negative), each with its own life. For the time of an outage objects are kept longer,
 * and told as old ones. Failures are never kept. Keys are the owner's. Capped in number and in
 * octets; the least recently used go first. Locked inside.
 */
#ifndef DIRECTORY_CACHE_H
#define DIRECTORY_CACHE_H

#include "directory/object.h"

struct cache;

struct cache_lives { /* seconds; 0 = not at all */
	unsigned positive, negative, outage;
	size_t octets; /* that all objects may take; 0 = CACHE_OCTETS */
};
enum { CACHE_OCTETS = 128 * 1024 * 1024 };

struct cache *cache_new(const struct cache_lives *lives);
void cache_free(struct cache *cache);
/*
 * False when nothing is known. *object is held for the caller; NULL: known not to be there.
 * *left: milliseconds it holds.
 */
bool cache_find(struct cache *cache, struct span key, int64_t now, struct mail_object **object,
		int64_t *left);
/* What was known within the time for outages, held for the caller, or NULL. */
struct mail_object *cache_find_old(struct cache *cache, struct span key, int64_t now);
/* Holds the object. NULL: there is none. */
void cache_keep(struct cache *cache, struct span key, int64_t now, struct mail_object *object);

/* Forgets the objects of which `changed` says so, and everything that is known not to be there. */
void cache_forget(struct cache *cache,
		  bool (*changed)(void *context, const struct mail_object *object), void *context);
/* Everything has to be asked for again; for the time of an outage it stays known. */
void cache_expire(struct cache *cache, int64_t now);

#endif
