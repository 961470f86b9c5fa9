/* SPDX-License-Identifier: ISC */
#include "base/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { BUFFER_FIRST = 256 };

size_t buffer_used(const struct buffer *buffer)
{
	return buffer->end - buffer->start;
}

char *buffer_bytes(const struct buffer *buffer)
{
	return buffer->memory + buffer->start;
}

struct span buffer_span(const struct buffer *buffer)
{
	return buffer->memory ? span_make(buffer_bytes(buffer), buffer_used(buffer)) : span_make("", 0);
}

static size_t buffer_next_size(const struct buffer *buffer, size_t need)
{
	size_t size = buffer->size ? buffer->size : BUFFER_FIRST;

	if (need > SIZE_MAX / 4)
		memory_die("a buffer grew beyond reason");
	while (size < need)
		size *= 2;
	return size;
}

char *buffer_reserve(struct buffer *buffer, size_t room)
{
	size_t used = buffer_used(buffer);

	if (room > SIZE_MAX / 4)
		memory_die("a buffer grew beyond reason");
	if (buffer->size - buffer->end >= room && buffer->memory)
		return buffer->memory + buffer->end;
	if (buffer->start && buffer->size - used >= room) {
		memmove(buffer->memory, buffer_bytes(buffer), used);
	} else {
		size_t size = buffer_next_size(buffer, used + room);
		char *memory = memory_grow(NULL, size, 1);

		if (used)
			memcpy(memory, buffer_bytes(buffer), used);
		free(buffer->memory);
		buffer->memory = memory;
		buffer->size = size;
	}
	buffer->start = 0;
	buffer->end = used;
	return buffer->memory + buffer->end;
}

void buffer_commit(struct buffer *buffer, size_t length)
{
	assert(length <= buffer->size - buffer->end);
	buffer->end += length;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
	if (length == 0)
		return;
	memcpy(buffer_reserve(buffer, length), bytes, length);
	buffer_commit(buffer, length);
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_add_format(struct buffer *buffer, const char *format, ...)
{
	va_list arguments, again;
	int length;

	assert(format != NULL); /* gcc's null check of -fsanitize makes a warning of it otherwise */
	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		memory_die("a text could not be formatted");
	vsnprintf(buffer_reserve(buffer, (size_t)length + 1), (size_t)length + 1, format, again);
	va_end(again);
	buffer_commit(buffer, (size_t)length);
}

void buffer_consume(struct buffer *buffer, size_t length)
{
	assert(length <= buffer_used(buffer));
	buffer->start += length;
	if (buffer->start == buffer->end)
		buffer->start = buffer->end = 0;
}

void buffer_clear(struct buffer *buffer)
{
	free(buffer->memory);
	*buffer = (struct buffer)BUFFER_EMPTY;
}

void buffer_wipe(struct buffer *buffer)
{
	if (buffer->memory)
		memory_wipe(buffer->memory, buffer->size);
	buffer_clear(buffer);
}
