/* SPDX-License-Identifier: ISC */
/*
 * The other domains of a directory's forest, for global_catalog: a global catalog that says where
 * an entry is (MS-ADTS 3.1.1.1.9), and controllers of the domain at which it is read, since a
 * catalog holds a part of its attributes. Connections are made when they are first wanted, and
 * kept.
 */
#ifndef DIRECTORY_FOREST_H
#define DIRECTORY_FOREST_H

#include "directory/directory_private.h"

struct forest;

/* Reads the keytab. NULL with *why in `room`. */
struct forest *forest_open(struct directory *directory, char *room, size_t size);
void forest_start(struct forest *forest, struct watchdog *watchdog);
void forest_close(struct forest *forest); /* nobody may be asking; NULL is fine */

/* Who can be asked for that entry, and for a password of its: the directory's own for entries of
 * its domain, and where there is no forest; NULL: too many domains. */
struct lookup *forest_lookup(struct directory *directory, const char *dn);
struct checker *forest_checker(struct directory *directory, const char *dn);
/* As ldap_ask, by the filter in the whole forest. */
void forest_ask(struct directory *directory, const struct ldap_question *question, int64_t deadline,
		struct directory_hit *hit);

#endif
