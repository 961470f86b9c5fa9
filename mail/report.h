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
	struct span header;  /* the original's, whole lines; with its blank line or without */
	struct span message; /* all of it, or empty; used for failures */
	bool utf8;           /* message/global forms where they are needed (RFC 6533) */
};

/* Is the sender to be told of this? Null sender, NOTIFY=NEVER, NOTIFY without it, and the defaults
 * (failure and delay). */
bool report_wanted(const struct envelope *envelope, const struct envelope_recipient *recipient,
		   enum report_action action);

struct report_template; /* parsed texts, one for each kind of report */
enum report_kind { REPORT_KIND_FAILED, REPORT_KIND_DELAYED, REPORT_KIND_SUCCESS, REPORT_KINDS };

struct report_fault { /* what is wrong with a template */
	enum report_kind kind;
	unsigned line;   /* from 1 */
	const char *why; /* what, and what to do; static */
};

/* Built-in texts. */
const struct report_template *report_template_default(void);
/*
 * texts: by kind; an empty one stands for the built-in text. Each has "Subject: ..." and perhaps
 * further fields, a blank line, the words. Anywhere: %{id} %{date} %{subject} %{sender} %{host}
 * %{until}. Alone on a line of the words, for several lines: %{recipients} %{reason} %{advice}
 * %{detail}. "%%" is "%". NULL with *fault on anything else.
 */
struct report_template *report_template_parse(const struct span texts[REPORT_KINDS],
					      struct report_fault *fault);
void report_template_free(struct report_template *template); /* not the default one */

struct report_needs {            /* what the envelope of the report has to say */
	enum envelope_body body; /* 8BITMIME where the message that is given back needs it */
	bool smtputf8;
};
/*
 * The whole message in wire form: header with Auto-Submitted (RFC 3834), MIME parts. Its words are
 * those of the worst that happened; the other parts tell of all recipients. Of the message a
 * failure gives back everything up to REPORT_FULL_MAX octets, with RET=FULL up to
 * REPORT_FULL_ASKED_MAX; else, and with RET=HDRS, its header.
 */
#define REPORT_FULL_MAX       (UINT64_C(1) << 20)
#define REPORT_FULL_ASKED_MAX (UINT64_C(10) << 20)
#define REPORT_HEADER_MAX     65536 /* octets of the header that are given back, whole lines */
struct report_needs report_write(struct buffer *to, const struct report *report,
				 const struct report_template *template);

/* What a status says, in plain words: "There is no mailbox of that address." */
const char *report_reason(const char *status);
/* What the sender can do about it: "Check the spelling of the address." */
const char *report_advice(const char *status);

#endif
