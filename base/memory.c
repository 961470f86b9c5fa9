/* SPDX-License-Identifier: ISC */
#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void memory_die(const char *what)
{
	static const char before[] = "postern: ";
	static const char after[] = ": stopping\n";

	/* No allocation and no stdio here: there may be no memory left for them. */
	if (write(STDERR_FILENO, before, sizeof before - 1) < 0 ||
	    write(STDERR_FILENO, what, strlen(what)) < 0 ||
	    write(STDERR_FILENO, after, sizeof after - 1) < 0)
		abort();
	abort();
}

void *memory_new(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		memory_die("out of memory");
	return memory;
}

void *memory_array(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	if (!memory)
		memory_die("out of memory");
	return memory;
}

void *memory_grow(void *old, size_t count, size_t size)
{
	void *memory = reallocarray(old, count ? count : 1, size ? size : 1);

	if (!memory)
		memory_die("out of memory");
	return memory;
}

char *memory_text_n(const void *bytes, size_t length)
{
	char *copy;

	if (length == SIZE_MAX)
		memory_die("out of memory");
	copy = memory_new(length + 1);
	if (length)
		memcpy(copy, bytes, length);
	return copy;
}

char *memory_text(const char *text)
{
	return text ? memory_text_n(text, strlen(text)) : NULL;
}

char *memory_format(const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		memory_die("out of memory");
	return text;
}

void memory_wipe(void *secret, size_t size)
{
	explicit_bzero(secret, size);
}

bool memory_equal(const void *a, const void *b, size_t size)
{
	const volatile unsigned char *x = a;
	const volatile unsigned char *y = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < size; i++)
		difference |= x[i] ^ y[i];
	return difference == 0;
}
