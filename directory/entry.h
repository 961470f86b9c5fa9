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
	ENTRY_ATTRIBUTES_MAX = 32,
	ENTRY_VALUES_MAX = 4096, /* of one attribute */
};

struct entry;

struct entry *entry_new(const char *dn);
void entry_free(struct entry *entry); /* NULL is fine */
/* Copies. False when the attribute has ENTRY_VALUES_MAX values already, or is one too many. */
bool entry_add(struct entry *entry, const char *attribute, struct span value);
const char *entry_dn(const struct entry *entry);
/* The value number `index` of the attribute; false when there is none. */
bool entry_value(const struct entry *entry, const char *attribute, size_t index,
		 struct span *value);
/* A number (FILETIME and the like) as it stands; `absent` when there is none that can be read. */
int64_t entry_number(const struct entry *entry, const char *attribute, int64_t absent);
bool entry_has(const struct entry *entry, const char *attribute, const char *value); /* any case */

#endif
