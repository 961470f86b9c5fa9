/* SPDX-License-Identifier: ISC */
/*
 * Names of many entries, gathered whole or not at all: the values of an attribute in all their
 * parts, or all that a filter finds, page by page. What breaks on the way is tried once more from
 * its beginning.
 */
#ifndef DIRECTORY_NAMES_H
#define DIRECTORY_NAMES_H

#include "directory/object.h"

struct directory;

enum { NAMES_MAX = 200000 };

/* Adds to `names`, which names_clear frees. False with *why: more than NAMES_MAX, too. */
bool names_of_attribute(struct directory *directory, const char *dn, const char *attribute,
			int64_t deadline, struct texts *names, char *why, size_t size);
/* base NULL: the directory's own. */
bool names_of_filter(struct directory *directory, const char *base, int scope, const char *filter,
		     int64_t deadline, struct texts *names, char *why, size_t size);
/* As names_of_filter, of what mostly is one answer: that waits for nobody who goes through pages. */
bool names_of_few(struct directory *directory, const char *base, int scope, const char *filter,
		  int64_t deadline, struct texts *names, char *why, size_t size);
void names_clear(struct texts *names);

#endif
