/* SPDX-License-Identifier: ISC */
/*
 * The one way numbers and texts are put into packets and files: little-endian
 * fixed-width numbers, texts with a 32-bit length in front. A reader or writer
 * keeps its first error: code reads a whole record and asks once, at the end.
 */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include "base/span.h"

struct wire_writer {
	char *at;
	size_t used, size;
	bool failed; /* something did not fit */
};

struct wire_reader {
	const char *at;
	size_t left;
	bool failed; /* something was missing or over its cap; later reads give zero */
};

void wire_writer_init(struct wire_writer *writer, void *memory, size_t size);
void wire_put_u8(struct wire_writer *writer, uint8_t value);
void wire_put_u32(struct wire_writer *writer, uint32_t value);
void wire_put_u64(struct wire_writer *writer, uint64_t value);
void wire_put_span(struct wire_writer *writer, struct span bytes);
void wire_put_text(struct wire_writer *writer, const char *text); /* NULL is "" */
void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t length); /* no length in front */

void wire_reader_init(struct wire_reader *reader, const void *memory, size_t length);
struct wire_reader wire_reader_of(struct span record);
uint8_t wire_get_u8(struct wire_reader *reader);
unsigned wire_get_choice(struct wire_reader *reader, unsigned last); /* an enum in one octet; above `last` fails */
uint8_t wire_get_flag(struct wire_reader *reader);			/* 0 or 1, or fails */
uint32_t wire_get_u32(struct wire_reader *reader);
uint64_t wire_get_u64(struct wire_reader *reader);
struct span wire_get_span(struct wire_reader *reader); /* points into the packet */
struct span wire_get_span_of(struct wire_reader *reader, size_t most); /* longer fails */
/* Copies a text into an array and terminates it; a NUL inside or too long a text fails. */
void wire_get_text(struct wire_reader *reader, char *to, size_t size);
void wire_get_bytes(struct wire_reader *reader, void *to, size_t length);
bool wire_done(const struct wire_reader *reader); /* nothing failed and nothing is left */

#endif
