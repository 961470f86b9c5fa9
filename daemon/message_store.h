/* SPDX-License-Identifier: ISC */
/*
 * Bodies of what the store role is asked, and of its answers: spool files, deliveries,
 * maildrops. Spans point into the packet that was read. The rules of daemon/message.h
 * hold.
 */
#ifndef DAEMON_MESSAGE_STORE_H
#define DAEMON_MESSAGE_STORE_H

#include "base/outcome.h"
#include "daemon/message.h"

struct message_result {
	enum outcome outcome;
	uint32_t flags; /* MESSAGE_RESULT_ bits */
	uint64_t value;
};

#define MESSAGE_RESULT_FULL       0x1u /* the disk, not the mailbox */
#define MESSAGE_RESULT_OVER_QUOTA 0x2u /* value = which recipient, from 0 */
#define MESSAGE_RESULT_BUSY       0x4u /* the maildrop is locked */
#define MESSAGE_RESULT_GONE       0x8u /* the handle or the message is not there any more */

#define MESSAGE_RECIPIENTS_MAX 1000
struct message_deliver {
	char label[SESSION_SIZE];
	uint8_t another; /* 1: the answer shall bring a fresh spool file for the next message */
	uint32_t count;      /* 0 only with an envelope */
	struct span tickets; /* count texts in wire form, one behind the other */
	struct span envelope; /* daemon/message_queue.h: whom the message waits for in the queue; empty = nobody */
};

struct message_open {
	char session[SESSION_SIZE];
	struct span ticket;
};

struct message_fetch {
	uint32_t handle;
	uint32_t number;
	uint32_t wanted; /* that one and those behind it, as far as they fit into the answer */
};

/* What OPEN and FETCH answer: octets in the packet, or else a descriptor with it. */
struct message_handed {
	struct message_result result;
	struct span
		octets; /* OPEN: the listing. FETCH: messages in wire form, one behind the other */
};

/* One bit a message, number `first` is bit 0 of octet 0. */
struct message_remove {
	uint32_t handle;
	uint32_t first;
	struct span bits;
};

struct message_quota {
	enum outcome outcome;
	uint64_t used, limit; /* octets; limit 0 = none */
};

void message_put_quota(struct wire_writer *writer, const struct message_quota *quota);
bool message_get_quota(struct span body, struct message_quota *quota);
void message_put_result(struct wire_writer *writer, const struct message_result *result);
bool message_get_result(struct span body, struct message_result *result);
void message_put_deliver(struct wire_writer *writer, const struct message_deliver *deliver);
bool message_get_deliver(struct span body, struct message_deliver *deliver);
void message_put_open(struct wire_writer *writer, const struct message_open *ask);
bool message_get_open(struct span body, struct message_open *ask);
void message_put_fetch(struct wire_writer *writer, const struct message_fetch *ask);
bool message_get_fetch(struct span body, struct message_fetch *ask);
void message_put_handed(struct wire_writer *writer, const struct message_handed *handed);
bool message_get_handed(struct span body, struct message_handed *handed);
void message_put_remove(struct wire_writer *writer, const struct message_remove *ask);
bool message_get_remove(struct span body, struct message_remove *ask);

#endif
