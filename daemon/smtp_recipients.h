/* SPDX-License-Identifier: ISC */
/*
 * The recipients of an SMTP session's transaction: each is asked about at the directory
 * role, unless its answer is remembered, and at the store when it has a quota. What the
 * accepted ones brought, their tickets, goes with the message.
 */
#ifndef DAEMON_SMTP_RECIPIENTS_H
#define DAEMON_SMTP_RECIPIENTS_H

#include <stddef.h>
#include <stdint.h>

#include "io/packet.h"

struct envelope;
struct envelope_recipient;
struct route_answer;
struct smtp_session;
struct wire_writer;

/* Octets of all tickets of one message: they must fit into one packet. */
enum { SMTP_TICKETS_MAX = PACKET_BODY_MAX - 1024 };

struct smtp_recipients {                      /* zeroed: none */
	uint64_t declared;                    /* SIZE= of the sender; 0 = not said */
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
void smtp_recipient_ask(struct smtp_session *smtp, struct envelope_recipient *recipient);
/* One behind the other, in wire form. */
void smtp_recipients_put_tickets(struct wire_writer *writer, const struct envelope *envelope);

#endif
