/* SPDX-License-Identifier: ISC */
/*
 * The values of one attribute of one entry, however many, a part after the other
 * (directory/range.h). All parts come from one server: another may have them in another order, and
 * a value between two parts would be lost. A chain that does not fit together is a failure, never a
 * shorter answer.
 */
#ifndef DIRECTORY_PARTS_H
#define DIRECTORY_PARTS_H

#include "directory/lookup.h"

struct entry;

struct parts {
	struct lookup_chain *chain;
	const char *dn, *attribute;
	bool ad;
	size_t next;     /* number of the first value to ask for; after reading 0 = that was all */
	int64_t changed; /* uSNChanged of the first part; 0 = not read yet, or not told */
};

/* The next part: an entry with the values, to be freed by entry_free. False with *why and no entry.
 */
bool parts_read(struct parts *parts, int64_t deadline, struct entry **entry, char *why,
		size_t size);
/* Adds what is missing of the entry's attributes, of which the server named has given the first
 * parts. */
bool parts_complete(struct lookup *lookup, struct entry *entry, const char *server, bool ad,
		    int64_t deadline, char *why, size_t size);

#endif
