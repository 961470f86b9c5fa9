/* SPDX-License-Identifier: ISC */
/*
 * Reads over the header block of a message (RFC 5322 section 2.2) that comes in
 * chunks of any size: counts Received, remembers which fields are there, finds the
 * end. It keeps no field bodies, only the start of a line that may still turn out
 * not to be a field, so that text can be put in front of that line.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "base/span.h"

#define HEADER_NAME_MAX 64 /* a longer name is not one that is looked for */

struct header {
	unsigned received;
	bool has_date, has_message_id, has_from;
	bool ended;    /* nothing more is looked at */
	bool by_blank; /* ended by the empty line, not by a line that is no field */
	/* Private. */
	unsigned char state, held;
	bool field_before;
	char name[HEADER_NAME_MAX], kept[HEADER_NAME_MAX];
};

/* What was given, cut where the header block ends. Valid until the next call. */
struct header_cut {
	struct span before[2]; /* of the header block: bytes held until now, then of this chunk */
	struct span after[2];  /* behind its end */
};

void header_init(struct header *header);
/*
 * Without held bytes the four spans of *cut together are the chunk. True in the call
 * that finds the end; call no more then. The message may end before the header block
 * does: header_finish gives the bytes still held, which are no field.
 */
bool header_scan(struct header *header, struct span chunk, struct header_cut *cut);
struct span header_finish(struct header *header);
bool header_has_fields(const struct header *header);

#endif
