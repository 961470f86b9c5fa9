/* SPDX-License-Identifier: ISC */
/*
 * Attributes of which AD gives a part at a time (MS-ADTS 3.1.1.3.1.3.3): "member;range=0-1499" has
 * the values 0 to 1499, "member;range=1500-*" has the last ones.
 */
#ifndef DIRECTORY_RANGE_H
#define DIRECTORY_RANGE_H

#include <stdbool.h>
#include <stddef.h>

struct range {
	size_t name;  /* octets of the attribute's own name at the front */
	bool given;   /* there is one; else all of the values are there */
	size_t first; /* number of the first value */
	size_t next;  /* number of the first value of the next part; 0 = there is none */
};

/* Of an attribute description as a server writes it. False: a range that makes no sense. */
bool range_parse(const char *description, struct range *range);

#endif
