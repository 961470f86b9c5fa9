/* SPDX-License-Identifier: ISC */
/* Names from outside as path components. Pure. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include "base/span.h"

#define PATH_COMPONENT_MAX 200 /* room for a suffix below NAME_MAX */

/*
 * One path component: '/', '%', control characters and a leading '.' become %XX,
 * everything else stays (UTF-8 too). What would be longer than PATH_COMPONENT_MAX
 * is cut and ends in a hash of the whole. False for the empty name.
 */
bool path_component(const char *name, char to[PATH_COMPONENT_MAX + 1]);
/* FNV-1a, 128 bit: the same answer for ever, no defence against who wants a collision. */
unsigned __int128 path_hash(struct span bytes);

#endif
