/* SPDX-License-Identifier: ISC */
/*
 * Memory that either is there or ends the process: a role that runs out of
 * memory dies and is restarted by the master. Nothing here returns NULL.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

void *memory_new(size_t size);                         /* zeroed; release with free() */
void *memory_array(size_t count, size_t size);         /* zeroed; overflow dies */
void *memory_grow(void *old, size_t count, size_t size); /* realloc; the new part is not zeroed */
char *memory_text(const char *text);                   /* strdup; NULL gives NULL */
char *memory_text_n(const void *bytes, size_t length); /* copies and terminates */
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

void memory_wipe(void *secret, size_t size); /* not optimised away */
bool memory_equal(const void *a, const void *b, size_t size); /* time depends on size alone */

_Noreturn void memory_die(const char *what); /* one line on stderr, abort() */

#endif
