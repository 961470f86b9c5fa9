/* SPDX-License-Identifier: ISC */
/*
 * Delivery status notifications (RFC 3464, 3462, 6522, 6533; who gets one: RFC 3461
 * section 5): decides and writes; pure, into a buffer. The words for people come from a
 * template, so that an administrator can have others.
 */
#ifndef MAIL_REPORT_H
#define MAIL_REPORT_H

#include "base/buffer.h"
#include "mail/envelope.h"

enum report_action {
	REPORT_FAILED,
	REPORT_DELAYED,
	REPORT_DELIVERED,
	REPORT_RELAYED,
	REPORT_EXPANDED
};

struct report_recipient {
	const struct envelope_recipient *recipient;
	enum report_action action;
	const char *status;     /* "5.1.1" */
	const char *diagnostic; /* "smtp; 550 5.1.1 no such user", or words of ours; "" = none */
	const char *mta;        /* remote name; "" = none */
	int64_t last_attempt;   /* unix time; 0 = none */
};

struct report {
	const char *reporting_mta; /* our FQDN */
	const char *from;          /* postmaster@... of the From field */
	const char *id;            /* of the message that is reported on */
	const struct envelope *envelope;
	int64_t arrived, now, will_retry_until; /* the last 0 unless delayed */
	const struct report_recipient *recipients;
	size_t count;
	struct span header; /* the original's, whole lines; with its blank line or without */
	struct span
		message; /* all of the original; used with RET=FULL for failures, if it is given */
	bool utf8;       /* message/global forms where addresses need them (RFC 6533) */
};

/* Is the sender to be told of this? Null sender, NOTIFY=NEVER, NOTIFY without it, and the defaults
 * (failure and delay). */
bool report_wanted(const struct envelope *envelope, const struct envelope_recipient *recipient,
		   enum report_action action);

struct report_template; /* parsed texts, one for each action */
/* Built-in texts. */
const struct report_template *report_template_default(void);
/*
 * text: "Subject: ..." and other fields, a blank line, the body with %{id} %{date} %{recipients}
 * %{reason} %{advice}
 * %{host} %{until} %{subject}. NULL with *why (static) and *line on a placeholder that is none.
 */
struct report_template *report_template_parse(struct span failed, struct span delayed,
					      struct span success, const char **why,
					      unsigned *line);
void report_template_free(struct report_template *template);

/* The whole message in wire form: header with Auto-Submitted (RFC 3834), MIME parts. */
void report_write(struct buffer *to, const struct report *report,
		  const struct report_template *template);
/* What the sender can do about a status, in words: "The address does not exist. Check its
 * spelling." */
const char *report_advice(const char *status);

#endif
