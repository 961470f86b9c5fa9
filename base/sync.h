/* SPDX-License-Identifier: ISC */
/*
 * Group commit: threads that want the same directory durable share one fsync. A
 * caller is served by an fsync that began after it asked, never by one under way.
 */
#ifndef BASE_SYNC_H
#define BASE_SYNC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Spreads inode numbers, which file systems hand out in strides, over `count` stripes. */
static inline size_t stripe_of(ino_t inode, size_t count)
{
	return (size_t)(((uint64_t)inode * 0x9e3779b97f4a7c15u) >> 32) % count;
}

struct sync_group;

struct sync_group *sync_group_new(void);
void sync_group_free(struct sync_group *group);
/* 0, or -1 with errno when the fsync that would have covered the caller failed. */
int sync_directory(struct sync_group *group, int directory, dev_t device, ino_t inode);

#endif
