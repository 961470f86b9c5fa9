/* SPDX-License-Identifier: ISC */
/*
 * One entry as a search gave it: a DN and attribute values, copied out of the
 * LDAP library so that what reads entries needs no library and no connection.
 * Attribute names are compared without case and without options ("mail;lang-de"
 * is not mail); counts and sizes are capped.
 */
#ifndef DIRECTORY_ENTRY_H
#define DIRECTORY_ENTRY_H

#include "base/span.h"

enum {
	ENTRY_ATTRIBUTES_MAX = 72,
	ENTRY_VALUES_MAX = 200000, /* of one attribute */
	ENTRY_OCTETS_MAX = 64 * 1024 * 1024, /* of all values, with what keeping one costs */
};

struct entry;

struct entry *entry_new(const char *dn);
void entry_free(struct entry *entry); /* NULL is fine */
/* Copies. False when a limit is reached: the attribute then has more (entry_more), if it could be
 * noted at all. */
bool entry_add(struct entry *entry, const char *attribute, struct span value);
/* The values are those from number `first` on; more are there from number `next` on (0 = none). */
void entry_set_part(struct entry *entry, const char *attribute, size_t first, size_t next);
/* Where the values begin; 0 as a rule. */
size_t entry_first(const struct entry *entry, const char *attribute);
/* Where those begin that are there and did not come; 0 = none, ENTRY_LOST = they cannot be had. */
#define ENTRY_LOST SIZE_MAX
size_t entry_more(const struct entry *entry, const char *attribute);
/* One of which there are more; NULL = all are complete. */
const char *entry_incomplete(const struct entry *entry);
const char *entry_dn(const struct entry *entry);
/* The value number `index` of the attribute; false when there is none. */
bool entry_value(const struct entry *entry, const char *attribute, size_t index,
		 struct span *value);
/* A number (FILETIME and the like) as it stands; `absent` when there is none that can be read. */
int64_t entry_number(const struct entry *entry, const char *attribute, int64_t absent);
bool entry_has(const struct entry *entry, const char *attribute, const char *value); /* any case */

#endif
