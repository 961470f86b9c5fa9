/* SPDX-License-Identifier: ISC */
#include "daemon/outgoing_body.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "mail/address.h"

/* Our own is for mailboxes of ours: who sends on adds none and takes none along. */
static uint64_t return_path_length(struct span first)
{
	const char *end = NULL;

	if (span_starts_nocase(first, "Return-Path:"))
		end = memmem(first.at, first.length, "\r\n", 2);
	return end ? (uint64_t)(end - first.at) + 2 : 0;
}

static void skip_return_path(struct outgoing_body *body, struct span first)
{
	body->start = return_path_length(first);
	body->file_size -= body->start;
}

/* A small message is read once, and kept. */
static void read_small(struct outgoing_body *body)
{
	struct buffer all = BUFFER_EMPTY;
	ssize_t count = pread(body->fd, buffer_reserve(&all, body->file_size + 1),
			      (size_t)body->file_size, 0);

	if (count < 0 || (uint64_t)count < body->file_size) { /* whoever sends it will see that */
		buffer_clear(&all);
		return;
	}
	buffer_commit(&all, (size_t)count);
	skip_return_path(body, buffer_span(&all));
	buffer_consume(&all, body->start);
	body->head = all;
	body->skip = body->file_size;
}

void outgoing_body_init(struct outgoing_body *body, int fd, uint64_t size)
{
	char first[sizeof "Return-Path:" + ADDRESS_TEXT_SIZE + 16];
	ssize_t count;

	*body = (struct outgoing_body){ .fd = fd, .file_size = size };
	if (size <= OUTGOING_SMALL) {
		read_small(body);
		return;
	}
	count = pread(fd, first, sizeof first, 0);
	if (count > 0)
		skip_return_path(body, span_make(first, (size_t)count));
}

void outgoing_body_clear(struct outgoing_body *body)
{
	buffer_clear(&body->head);
}

uint64_t outgoing_body_size(const struct outgoing_body *body)
{
	return buffer_used(&body->head) + (body->file_size - body->skip);
}

static ssize_t file_read(const struct outgoing_body *body, uint64_t at, char *to, size_t size)
{
	ssize_t count;

	if (at >= body->file_size)
		return 0;
	if (size > body->file_size - at)
		size = body->file_size - at;
	do
		count = pread(body->fd, to, size, (off_t)(body->start + at));
	while (count < 0 && errno == EINTR);
	return count > 0 ? count : -1;
}

ssize_t outgoing_body_read(const struct outgoing_body *body, uint64_t offset, char *to, size_t size)
{
	size_t head = buffer_used(&body->head);

	if (offset >= head)
		return file_read(body, body->skip + (offset - head), to, size);
	if (size > head - offset)
		size = head - (size_t)offset;
	memcpy(to, buffer_bytes(&body->head) + offset, size);
	return (ssize_t)size;
}

static bool has_8bit(const char *at, size_t length)
{
	for (; length >= 8; at += 8, length -= 8) {
		uint64_t word;

		memcpy(&word, at, sizeof word);
		if (word & 0x8080808080808080u)
			return true;
	}
	for (; length; at++, length--)
		if (*at & 0x80)
			return true;
	return false;
}

/* How much of the piece belongs to the header. `line` is how much of CRLF CRLF stands before it. */
static size_t header_part(const char *at, size_t length, unsigned *line, bool *ended)
{
	static const char blank[] = "\r\n\r\n";

	for (size_t i = 0; i < length; i++) {
		if (at[i] == blank[*line])
			++*line;
		else
			*line = at[i] == '\r';
		if (*line == 4) {
			*ended = true;
			return i + 1;
		}
	}
	return length;
}

bool outgoing_body_scan(struct outgoing_body *body)
{
	static char piece[OUTGOING_PIECE];
	uint64_t at = 0;
	unsigned line = 2; /* a blank first line: there is no header */
	bool ended = false;
	ssize_t count = 1;

	while (!body->scanned && (count = outgoing_body_read(body, at, piece, sizeof piece)) > 0) {
		size_t head = ended ? 0 : header_part(piece, (size_t)count, &line, &ended);

		if (head && !body->header_utf8 && has_8bit(piece, head))
			body->has_8bit = body->header_utf8 = true;
		if (!body->has_8bit)
			body->has_8bit = has_8bit(piece + head, (size_t)count - head);
		at += (uint64_t)count;
		if (body->has_8bit && ended)
			break; /* there is nothing more to learn */
	}
	body->scanned = count >= 0;
	return body->scanned;
}

bool outgoing_body_header(const struct outgoing_body *body, struct buffer *header)
{
	unsigned line = 2;
	bool ended = false;

	while (!ended && buffer_used(header) < OUTGOING_HEADER_MAX) {
		char *room = buffer_reserve(header, OUTGOING_PIECE);
		ssize_t count = file_read(body, buffer_used(header), room, OUTGOING_PIECE);

		if (count <= 0)
			return false;
		buffer_commit(header, header_part(room, (size_t)count, &line, &ended));
	}
	return ended;
}

void outgoing_body_replace(struct outgoing_body *body, struct buffer *head, uint64_t skip)
{
	buffer_clear(&body->head);
	body->head = *head;
	*head = (struct buffer)BUFFER_EMPTY;
	body->skip = skip;
	body->replaced = true;
	body->scanned = body->has_8bit = body->header_utf8 = false;
}
