/* SPDX-License-Identifier: ISC */
/*
 * The entries behind many names at once: several names in one search, several searches in flight.
 * All or nothing: what could not be asked is never told as missing.
 */
#ifndef DIRECTORY_FETCH_H
#define DIRECTORY_FETCH_H

#include "directory/object.h"

struct directory;

enum fetch_by {
	FETCH_BY_DN,  /* wherever they are */
	FETCH_BY_USER /* sAMAccountName or uid, below the base; two of one name are a failure */
};

/*
 * objects[i]: of keys[i], held for the caller; NULL: there is none. False with *why, and nothing to
 * drop. Blocks, until `deadline` (clock_ms) at most.
 */
bool fetch_objects(struct directory *directory, enum fetch_by by, char *const *keys, size_t count,
		   int64_t deadline, struct mail_object **objects, char *why, size_t size);

#endif
