/* SPDX-License-Identifier: ISC */
/*
 * What a list has become, on its way from the directory role to the store: octets, or a sealed
 * memory file that has nothing else. What is read back is well-formed and within the caps of
 * routing.h, whoever wrote it.
 */
#ifndef ROUTING_EXPANSION_WIRE_H
#define ROUTING_EXPANSION_WIRE_H

#include "routing/routing.h"

struct buffer;

/* Appends. Counts, status, text and cause stay behind: they are the asker's own answer. */
void expansion_write(const struct expansion *expansion, struct buffer *to);
/* For expansion_clear when true; else there is nothing to clear. */
bool expansion_read(struct span octets, struct expansion *expansion);

/* -1 with errno. The file is read from its beginning, whatever its position. */
int expansion_write_file(const struct expansion *expansion);
/* Does not close. False as well when the file could change under the reader. */
bool expansion_read_file(int fd, struct expansion *expansion);

#endif
