/* SPDX-License-Identifier: ISC */
/*
 * The content of a message that goes out: a descriptor, of which a new header may
 * stand in the place of the first octets. Read by position, so that a message may be
 * sent again; nothing is kept but that header, and small messages.
 */
#ifndef DAEMON_OUTGOING_BODY_H
#define DAEMON_OUTGOING_BODY_H

#include <sys/types.h>

#include "base/buffer.h"

#define OUTGOING_PIECE      (64 * 1024)  /* octets read at a time */
#define OUTGOING_SMALL      (16 * 1024)  /* a message that is kept in memory while it is sent */
#define OUTGOING_HEADER_MAX (256 * 1024) /* a longer header is sent as it is */

struct outgoing_body {
	int fd;             /* the owner's */
	uint64_t start;     /* of what is sent: behind a Return-Path (RFC 5321 section 4.4) */
	uint64_t file_size; /* octets of it from there on that are the message */
	struct buffer head; /* instead of the first `skip` octets of the file */
	uint64_t skip;      /* from `start` on */
	bool replaced;      /* outgoing_body_replace was called */
	bool scanned, has_8bit, header_utf8; /* outgoing_body_scan */
};

/* `size`: octets of the message in the file, with the Return-Path that we put in front of it. */
void outgoing_body_init(struct outgoing_body *body, int fd, uint64_t size);
void outgoing_body_clear(struct outgoing_body *body);
uint64_t outgoing_body_size(const struct outgoing_body *body);
/* Octets, 0 at the end, -1: the file cannot be read or is shorter than it should be. */
ssize_t outgoing_body_read(const struct outgoing_body *body, uint64_t offset, char *to,
			   size_t size);
/* Looks whether octets above 127 are there, once. False: the file cannot be read. */
bool outgoing_body_scan(struct outgoing_body *body);
/* The header of the file with its blank line: false when it is not there or too long. */
bool outgoing_body_header(const struct outgoing_body *body, struct buffer *header);
/* `head`, taken over, stands for the first `skip` octets of the file from now on. */
void outgoing_body_replace(struct outgoing_body *body, struct buffer *head, uint64_t skip);

#endif
