/* SPDX-License-Identifier: ISC */
/* What the files of mail/pickup*.c share: a header that is being read. */
#ifndef MAIL_PICKUP_PRIVATE_H
#define MAIL_PICKUP_PRIVATE_H

#include "mail/fields.h"
#include "mail/pickup.h"

struct pickup_reading {
	const struct pickup_rules *rules;
	struct envelope *envelope;
	struct buffer *out; /* the fields that are sent */
	char *why;
	unsigned line; /* of the field that is looked at */
	bool past_x;   /* a field that is none of the x- lines has come */
	bool x_sender, x_receiver;
	bool has_date, has_message_id, has_from;
	unsigned received;
	struct span from, sender; /* bodies; at == NULL: not there */
	unsigned from_line, sender_line;
	struct buffer destinations; /* struct pickup_destination: the bodies of To, Cc, Bcc */
};

struct pickup_destination {
	const char *name;
	struct span body;
	unsigned line;
};

/* Writes `why`; false. */
bool pickup_fail(struct pickup_reading *head, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same with the line, the field and, cut and clean, the place. */
bool pickup_fail_at(struct pickup_reading *head, unsigned line, const char *name, const char *what,
		    struct span at);

/* pickup_envelope.c: the two kinds of lines in front, and what takes their place. */
bool pickup_x_sender(struct pickup_reading *head, const struct field *field);
bool pickup_x_receiver(struct pickup_reading *head, const struct field *field);
bool pickup_set_envelope(struct pickup_reading *head);

#endif
