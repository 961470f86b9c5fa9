/* SPDX-License-Identifier: ISC */
/*
 * The fields of a header block that is there as a whole (RFC 5322 section 2.2), one
 * after the other. Lines may end in CRLF or LF; folded lines belong to their field.
 */
#ifndef MAIL_FIELDS_H
#define MAIL_FIELDS_H

#include "base/span.h"

struct field {
	struct span name;  /* without the blanks of the obsolete syntax */
	struct span body;  /* behind the colon, folds and last line end included */
	struct span whole; /* all of its lines */
};

/*
 * Cuts the next field from *rest. False at the blank line, at the end, and at a line that
 * is no field: *rest begins with it then.
 */
bool fields_next(struct span *rest, struct field *field);
/* The first field of that name; false if there is none before the header's end. */
bool fields_find(struct span header, const char *name, struct field *field);
/* Cuts the next line, its end included, from *rest; false at the end. *text is without it. */
bool fields_line(struct span *rest, struct span *text);

#endif
