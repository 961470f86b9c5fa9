/* SPDX-License-Identifier: ISC */
/*
 * A growing queue of bytes: added at the end, consumed at the front. Memory is
 * taken when the first byte arrives and given back by buffer_clear, so that an
 * idle owner costs four words. The owner caps what a stranger may make it hold.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/span.h"

struct buffer {
	char *memory;
	size_t start; /* first byte in use */
	size_t end;   /* one past the last */
	size_t size;  /* allocated */
};

#define BUFFER_EMPTY { NULL, 0, 0, 0 }

size_t buffer_used(const struct buffer *buffer);
char *buffer_bytes(const struct buffer *buffer); /* valid until the next change */
struct span buffer_span(const struct buffer *buffer);
void buffer_add(struct buffer *buffer, const void *bytes, size_t length);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_format(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *buffer_reserve(struct buffer *buffer, size_t room); /* then fill and buffer_commit */
void buffer_commit(struct buffer *buffer, size_t length);
void buffer_consume(struct buffer *buffer, size_t length);
void buffer_clear(struct buffer *buffer); /* frees */
void buffer_wipe(struct buffer *buffer);  /* overwrites, then frees */

#endif
