/* SPDX-License-Identifier: ISC */
/* The lines of an answer to `postern explain`. */
#ifndef DIRECTORY_ROLE_EXPLAIN_LINES_H
#define DIRECTORY_ROLE_EXPLAIN_LINES_H

#include "directory_role/explain.h"
#include "gateway/smtp_server.h"

/* Nothing is added beyond EXPLAIN_MAX. */
void explain_add(struct buffer *lines, const char *key, const char *value);
void explain_addf(struct buffer *lines, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Where it is, whose, and how large it may be; `whose` ("" or "sender's ") stands in front of the
 * keys, for the command that looks how full it is. */
void explain_mailbox(struct buffer *lines, const char *whose, const struct route_mailbox *mailbox);

/* Steps of one kind, for a struct route_teller: "GROUP/KEY". Leaves room for what follows them. */
struct explain_steps {
	struct buffer *lines;
	const char *group;
	struct {
		const char *key;
		size_t count;
	} many[4]; /* of keys that an expansion may tell by the thousand; ends with a NULL */
	size_t left_out;
};
enum { EXPLAIN_ALIKE_MAX = 100 /* steps of one such key that are shown */ };
struct explain_steps explain_steps_begin(struct buffer *lines, const char *group);
void explain_step(void *steps, const char *key, const char *value); /* route_teller.fact */
/* Tells how many were left out. */
void explain_steps_end(struct explain_steps *steps);

#endif
