/* SPDX-License-Identifier: ISC */
/*
 * Files that become mail: nameless where the file system can (O_TMPFILE), so that
 * nothing is left after a crash; otherwise named spool.<inode>, a name that a descriptor
 * alone is enough to find again. All functions: -1 with errno.
 */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

int spool_new_in(int directory, bool named); /* named: do not try O_TMPFILE */
void spool_forget(int directory, int spool); /* takes the name of a named one away */
int spool_link(int spool, int directory, const char *name);
/* The first octets of `from`, from its beginning, to the beginning of `to`. */
int spool_copy(int from, int to, uint64_t octets);

#endif
