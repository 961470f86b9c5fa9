/* SPDX-License-Identifier: ISC */
/*
 * Who has logged in and sends: in whose name he may, how much, and whether to others, by the
 * directory role (MESSAGE_SENDER), once a session and sender address. Costs nothing where
 * nobody has logged in.
 */
#ifndef FRONTEND_SMTP_SENDER_H
#define FRONTEND_SMTP_SENDER_H

#include "daemon/message_directory.h"
#include "mail/authors.h"

struct envelope;
struct smtp_session;

typedef void (*smtp_sender_then)(struct smtp_session *smtp);

struct smtp_sender { /* zeroed: nothing is known */
	bool known;
	char address[ADDRESS_TEXT_SIZE]; /* for which the rest holds */
	int64_t until;                   /* clock_ms */
	uint64_t quota, size;
	uint32_t recipients;
	enum sender_relay relay;
	char identity[96];
	size_t ticket_length;
	char ticket[TICKET_SIZE_MAX];
	/* Of the transaction: */
	struct address mail; /* its sender */
	uint64_t declared;
	struct authors *authors; /* of the message at its end; NULL: not looked at */
	size_t next;             /* the author to be asked about */
	smtp_sender_then then;
};

/* At MAIL. Ends in smtp_session_answer. */
void smtp_sender_ask(struct smtp_session *smtp, const struct envelope *envelope);
/*
 * At the end of the data: the fields that say in whose name. header: the message's beginning, to
 * the end of its header if `whole`. Goes on with `then`, or ends in smtp_session_answer.
 */
void smtp_sender_check_authors(struct smtp_session *smtp, struct span header, bool whole,
			       smtp_sender_then then);
/* Is that to be done at all? */
bool smtp_sender_wants_authors(const struct smtp_session *smtp);
/* Largest message, octets, and most recipients (0 = no limit) of who has logged in. */
uint64_t smtp_sender_size(const struct smtp_session *smtp);
uint32_t smtp_sender_recipients(const struct smtp_session *smtp);
/* By the groups that may send to domains of others. */
enum sender_relay smtp_sender_relay(const struct smtp_session *smtp);
/* "directory/id" for the envelope; "" = nobody has logged in. */
const char *smtp_sender_identity(const struct smtp_session *smtp);
void smtp_sender_forget(struct smtp_session *smtp); /* another login, or none any more */

#endif
