/* SPDX-License-Identifier: ISC */
/*
 * Long replies. Each runs in chunks, from and to arrays on the stack, so that a
 * session whose client has stopped reading holds no buffer; what must be known
 * across a chunk border stands in struct pop3_long.
 */
#include "pop3/pop3_private.h"

#include <string.h>

#define LISTING_LINE_MAX 128 /* number, SP, size or uid (RFC 1939 section 7: 70), CRLF */

static size_t put_number(char *to, uint64_t value)
{
	char digits[20];
	size_t used = 0;

	do {
		digits[used++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	for (size_t i = 0; i < used; i++)
		to[i] = digits[used - 1 - i];
	return used;
}

static size_t put_line(char *to, enum pop3_long_kind kind, size_t number,
		       const struct maildrop_entry *entry)
{
	size_t used = put_number(to, number);

	to[used++] = ' ';
	if (kind == POP3_LONG_LIST) {
		used += put_number(to + used, entry->size);
	} else {
		size_t length = strnlen(entry->uid, MAILDROP_UID_MAX);

		memcpy(to + used, entry->uid, length);
		used += length;
	}
	memcpy(to + used, "\r\n", 2);
	return used + 2;
}

static enum pop3_next listing_chunk(struct pop3_server *server)
{
	const struct pop3_maildrop *maildrop = server->maildrop;
	struct pop3_long *reply = &server->reply;
	char out[POP3_CHUNK];
	size_t used = 0;

	for (; reply->next <= maildrop->count && used < sizeof out - LISTING_LINE_MAX;
	     reply->next++)
		if (!pop3_message_deleted(server, reply->next))
			used += put_line(out + used, reply->kind, reply->next,
					 pop3_entry(server, reply->next));
	if (reply->next > maildrop->count) {
		memcpy(out + used, ".\r\n", 3);
		used += 3;
		reply->kind = POP3_LONG_NONE;
	}
	server->calls->write(server->owner, out, used);
	return POP3_NEXT;
}

/* Counts one line end of TOP: true when the reply is complete with it. */
static bool top_line(struct pop3_long *reply)
{
	bool empty = !reply->line_filled;

	reply->line_filled = reply->line_cr = false;
	if (!reply->in_body)
		reply->in_body = empty;
	else
		reply->lines--;
	return reply->in_body && reply->lines == 0;
}

/* A line is empty when nothing or a single CR stands before its LF; it may come in pieces. */
static void top_text(struct pop3_long *reply, const char *at, size_t length)
{
	if (length == 0)
		return;
	if (reply->line_cr || length > 1 || at[0] != '\r')
		reply->line_filled = true;
	else
		reply->line_cr = true;
}

/* How many of these octets TOP sends; *done when it wants no more. RFC 1939 section 7, TOP. */
static size_t top_cut(struct pop3_long *reply, const char *at, size_t length, bool *done)
{
	size_t used = 0;

	while (used < length) {
		const char *lf = memchr(at + used, '\n', length - used);
		size_t text = lf != NULL ? (size_t)(lf - at) - used : length - used;

		top_text(reply, at + used, text);
		if (lf == NULL)
			return length;
		used += text + 1;
		*done = top_line(reply);
		if (*done)
			return used;
	}
	return used;
}

static size_t stuff(struct pop3_long *reply, const char *at, size_t length, char *to)
{
	struct span input = span_make(at, length);
	size_t used = 0;

	while (input.length > 0) {
		struct span run = dot_stuff(&reply->stuff, &input);

		memcpy(to + used, run.at, run.length);
		used += run.length;
	}
	return used;
}

static enum pop3_next message_end(struct pop3_server *server)
{
	bool inside = server->reply.stuff.inside;

	server->reply = (struct pop3_long){ .kind = POP3_LONG_NONE };
	pop3_write_text(server, inside ? "\r\n.\r\n" : ".\r\n");
	return POP3_NEXT;
}

static enum pop3_next message_chunk(struct pop3_server *server)
{
	struct pop3_long *reply = &server->reply;
	char in[POP3_CHUNK],
		out[POP3_CHUNK * 2]; /* at worst every other octet is a dot to double */
	long got = server->calls->read(server->owner, in, sizeof in);
	bool done = false;
	size_t length;

	if (got < 0 || (size_t)got > sizeof in) {
		/* RFC 1939 has no error inside a multi-line reply: without its end the client knows
		 * it is cut. */
		pop3_note(server, "pop3.read_failed", reply->top ? "TOP" : "RETR", NULL);
		return POP3_CLOSE;
	}
	length = (size_t)got;
	if (reply->top)
		length = top_cut(reply, in, length, &done);
	if (length > 0) {
		length = stuff(reply, in, length, out);
		server->calls->write(server->owner, out, length);
	}
	return done || got == 0 ? message_end(server) : POP3_NEXT;
}

enum pop3_next pop3_long_run(struct pop3_server *server)
{
	enum pop3_next next = POP3_NEXT;

	while (next == POP3_NEXT && server->reply.kind != POP3_LONG_NONE) {
		if (!server->calls->writable(server->owner))
			return POP3_WAIT;
		next = server->reply.kind == POP3_LONG_MESSAGE ? message_chunk(server)
							       : listing_chunk(server);
	}
	return next;
}
