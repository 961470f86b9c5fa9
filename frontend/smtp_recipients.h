/* SPDX-License-Identifier: ISC */
/*
 * The recipients of an SMTP session's transaction: each is asked about at the directory
 * role, unless its answer is remembered, and at the store when it has a quota. What the
 * accepted ones brought, their tickets, goes with the message. Those of other domains, if
 * the client may send there (frontend/relaying.h), go into the queue.
 */
#ifndef FRONTEND_SMTP_RECIPIENTS_H
#define FRONTEND_SMTP_RECIPIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/packet.h"

struct envelope;
struct envelope_recipient;
struct route_answer;
struct smtp_session;
struct wire_writer;

/* Octets of all tickets and of the queue's envelope of one message: they must fit into one packet. */
enum { SMTP_TICKETS_MAX = PACKET_BODY_MAX - 2048 };

struct smtp_recipients {                      /* zeroed: none */
	uint64_t declared;                    /* SIZE= of the sender; 0 = not said */
	bool null_sender;
	size_t tickets;                       /* octets so far, of SMTP_TICKETS_MAX */
	struct envelope_recipient *recipient; /* the one being asked about */
	struct route_answer *route;           /* its answer so far */
	struct route_answer **routes; /* of those accepted; the envelope's recipients point here */
	size_t routes_count;
};

/* Those accepted so far; not the one being asked about, whose answer may be on its way. */
void smtp_recipients_forget(struct smtp_recipients *recipients);
void smtp_recipients_clear(struct smtp_recipients *recipients); /* all; nothing is being asked */
/* Ends in smtp_session_answer, at once or later. */
void smtp_recipient_ask(struct smtp_session *smtp, const struct envelope *envelope,
			struct envelope_recipient *recipient);
/*
 * The message has that many octets. Who may not be sent so many goes into the queue instead, which
 * tells the sender. The first of them, NULL: none; *others as below.
 */
const struct envelope_recipient *smtp_recipients_too_big(const struct envelope *envelope,
							 uint64_t size, bool *others);
/*
 * At the end of data. With a list among them all of ours go into the queue with it, under their
 * canonical addresses, so that who is in the list too gets the message once.
 */
void smtp_recipients_gather(const struct envelope *envelope);
/* Of those that go into mailboxes now: one behind the other, in wire form. How many. */
size_t smtp_recipients_put_tickets(struct wire_writer *writer, const struct envelope *envelope);
/* The others, for the queue (daemon/message_queue.h); nothing is written if there are none. */
void smtp_recipients_put_queued(struct wire_writer *writer, const char *server,
				const char *identity, const struct envelope *envelope);
/*
 * The mailbox of ticket number `which` is full: its recipient goes to the queue instead, which
 * tells the sender. *others: somebody is left whose mailbox is not; if not, the client is to be
 * told. NULL: there is no such ticket.
 */
const struct envelope_recipient *smtp_recipients_full(const struct envelope *envelope,
						      uint64_t which, bool *others);

#endif
