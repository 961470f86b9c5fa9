/* SPDX-License-Identifier: ISC */
/*
 * Messages as POP3 sends them. Ours are stored that way; a Maildir that another
 * program filled has bare LF, which becomes CRLF here, and a last line without an
 * end gets one, because RFC 1939 section 3 ends the reply with a line of its own.
 */
#include "store/store_private.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE      (64 * 1024)
#define MEMORY_MAX (1024 * 1024) /* larger ones are converted on disk */

struct piece {
	char *bytes;
	size_t length;
	char before; /* the byte before it; a line end at the start of the file */
};

static void measure_piece(const struct piece *piece, struct wire_size *size)
{
	const char *at = piece->bytes, *end = piece->bytes + piece->length;
	const char *feed;

	while (at < end && (feed = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		char before = feed == piece->bytes ? piece->before : feed[-1];

		if (before != '\r')
			size->wire++;
		at = feed + 1;
	}
	size->octets += piece->length;
	size->wire += piece->length;
}

int wire_measure(int file, struct wire_size *size)
{
	char bytes[PIECE / 4];
	struct piece piece = { .bytes = bytes, .before = '\n' };
	ssize_t got;

	memset(size, 0, sizeof *size);
	while ((got = pread(file, bytes, sizeof bytes, (off_t)size->octets)) > 0) {
		piece.length = (size_t)got;
		measure_piece(&piece, size);
		piece.before = piece.bytes[got - 1];
	}
	size->unterminated = piece.before != '\n';
	if (size->unterminated)
		size->wire += 2;
	return got == 0 ? 0 : -1;
}

static bool write_whole(int to, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t put = write(to, bytes, length);

		if (put <= 0) {
			errno = put == 0 ? ENOSPC : errno;
			return false;
		}
		bytes += put;
		length -= (size_t)put;
	}
	return true;
}

/* `to` has room for twice the piece. */
static size_t convert_piece(const struct piece *piece, char *to)
{
	char before = piece->before;
	size_t used = 0;

	for (size_t i = 0; i < piece->length; i++) {
		if (piece->bytes[i] == '\n' && before != '\r')
			to[used++] = '\r';
		to[used++] = before = piece->bytes[i];
	}
	return used;
}

static bool convert_all(int from, int to, char *memory)
{
	struct piece piece = { .bytes = memory, .before = '\n' };
	off_t at = 0;
	ssize_t got;

	while ((got = pread(from, memory, PIECE, at)) > 0) {
		piece.length = (size_t)got;
		if (!write_whole(to, memory + PIECE, convert_piece(&piece, memory + PIECE)))
			return false;
		piece.before = memory[got - 1];
		at += got;
	}
	return got == 0 && (piece.before == '\n' || write_whole(to, "\r\n", 2)) &&
	       lseek(to, 0, SEEK_SET) == 0;
}

int wire_convert(struct store *store, int file, uint64_t size)
{
	int to = size <= MEMORY_MAX ? memfd_create("message", MFD_CLOEXEC) : spool_new(store);
	char *memory;
	int error;
	bool done;

	if (to < 0)
		return -1;
	memory = memory_new(3 * PIECE);
	done = convert_all(file, to, memory);
	error = errno;
	free(memory);
	if (size > MEMORY_MAX)
		spool_forget(store->spool_fd, to);
	if (done)
		return to;
	close(to);
	errno = error;
	return -1;
}
