/* SPDX-License-Identifier: ISC */
/*
 * Values that strangers choose, made harmless inside an LDAP filter (RFC 4515
 * section 3). Nothing goes into a filter any other way. DNs are never built
 * from text at all: they come from the directory and go back as they came.
 */
#ifndef DIRECTORY_ESCAPE_H
#define DIRECTORY_ESCAPE_H

#include "base/span.h"

struct buffer;

/* Appends; every octet that is not plain printable ASCII becomes \hh, NUL included. */
void escape_filter_value(struct buffer *to, struct span value);

#endif
