/* SPDX-License-Identifier: ISC */
/* What the files of mail/report*.c share. */
#ifndef MAIL_REPORT_PRIVATE_H
#define MAIL_REPORT_PRIVATE_H

#include "mail/report.h"

/* The texts of one kind, checked: lines with CRLF, placeholders as written. */
struct report_words {
	const char *subject; /* without the name */
	const char *fields;  /* whole lines; "" = none */
	const char *body;
};
struct report_template {
	struct report_words words[REPORT_KINDS];
};

enum report_placeholder {
	REPORT_ID,
	REPORT_DATE,
	REPORT_SUBJECT,
	REPORT_SENDER,
	REPORT_HOST,
	REPORT_UNTIL,
	REPORT_INLINE, /* how many stand inside a line; from here on alone on one */
	REPORT_RECIPIENTS = REPORT_INLINE,
	REPORT_REASON,
	REPORT_ADVICE,
	REPORT_DETAIL,
	REPORT_PLACEHOLDERS
};

/*
 * Cuts from *rest the text up to a "%", and what that stands for: *which, or REPORT_PLACEHOLDERS
 * for
 * "%%" and at the end. False on a "%" that is neither.
 */
bool report_next_placeholder(struct span *rest, struct span *text, enum report_placeholder *which);

/* What the sender is told about a recipient, in which of the three texts. */
enum report_kind report_kind_of(enum report_action action);

/* Fills the words in; body and subject as UTF-8, unencoded. */
void report_words_expand(struct buffer *to, const char *words, const struct report *report,
			 enum report_kind kind);

/* "5.1.1" as it is, or what fits the action when it is no status. */
const char *report_status(const struct report_recipient *recipient);
/* The second part, its header of MIME included. `global`: of RFC 6533. */
void report_add_status(struct buffer *to, const struct report *report, bool global);
/* Is all of the message given back, not only its header? */
bool report_gives_all(const struct report *report);
struct span report_header(const struct report *report); /* what is given back of the header */
/* The third part. */
void report_add_original(struct buffer *to, const struct report *report, bool global);

#endif
