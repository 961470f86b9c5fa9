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
/* Names a nameless one, for links_need_inode; spool_forget takes the name away. */
int spool_name(int directory, int spool);
/*
 * The name that spool_name gave in `from` becomes `name` in `to`, where nothing may have it. Like
 * spool_link and spool_forget, in one step.
 */
int spool_move(int from, int spool, int to, const char *name);
/*
 * Is a durable link to a nameless file that was synced before not enough? ext4 without a journal
 * (and ext2) writes the directory when that is synced, not the count of links in the inode. A
 * nameless file that was synced has the count 0 on the disk; after a power cut fsck takes it for
 * deleted, name or no name. A file with a name when it is synced is safe.
 */
bool links_need_inode(int directory);
/* The first octets of `from`, from its beginning, to the beginning of `to`. */
int spool_copy(int from, int to, uint64_t octets);

#endif
