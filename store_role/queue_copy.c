/* SPDX-License-Identifier: ISC */
#include "store_role/queue_copy.h"

#include <string.h>
#include <unistd.h>

#include "base/span.h"

enum { LINE_MAX_OCTETS = 1000 };

uint64_t queue_return_path(int fd)
{
	char first[LINE_MAX_OCTETS];
	ssize_t got = pread(fd, first, sizeof first, 0);
	const char *end;

	if (got <= 0 || !span_starts_nocase(span_make(first, (size_t)got), "Return-Path:"))
		return 0;
	end = memchr(first, '\n', (size_t)got);
	return end ? (uint64_t)(end + 1 - first) : 0;
}

bool queue_copy(int from, uint64_t at, int to, uint64_t size)
{
	char piece[16384];

	while (at < size) {
		size_t want = size - at < sizeof piece ? (size_t)(size - at) : sizeof piece;
		ssize_t got = pread(from, piece, want, (off_t)at);

		if (got <= 0 || write(to, piece, (size_t)got) != got)
			return false;
		at += (uint64_t)got;
	}
	return true;
}
