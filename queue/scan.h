/* SPDX-License-Identifier: ISC */
/* The names in a directory, in no order, "." and ".." left out. */
#ifndef QUEUE_SCAN_H
#define QUEUE_SCAN_H

#include <stdbool.h>

/* False with errno; the descriptor stays the caller's, and may be read again. Each: false ends it.
 */
bool directory_scan(int directory, bool (*each)(void *context, const char *name), void *context);

#endif
