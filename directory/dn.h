/* SPDX-License-Identifier: ISC */
/*
 * Names of entries (RFC 4514) compared and kept as keys: in a normal form in which case, needless
 * spaces, the way something is escaped and the order inside a multi-valued RDN do not count. The
 * form is for comparing alone; servers are asked with the names they gave.
 */
#ifndef DIRECTORY_DN_H
#define DIRECTORY_DN_H

#include "base/span.h"

/* NULL when it is no DN, or an empty one. The caller frees it. */
char *dn_normal(const char *dn);
bool dn_valid(const char *dn);
/* The DNS domain that its DC components spell, lower case (RFC 2247); false when there are none,
 * or it does not fit. */
bool dn_domain(const char *dn, char *to, size_t size);

#endif
