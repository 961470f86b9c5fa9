/* SPDX-License-Identifier: ISC */
/*
 * Bodies between those who send mail out (the relay role; a frontend after ATRN) and
 * the store role, which has the queue. Spans point into the packet that was read. The
 * rules of daemon/message.h hold.
 */
#ifndef DAEMON_MESSAGE_QUEUE_H
#define DAEMON_MESSAGE_QUEUE_H

#include "daemon/message.h"
#include "mail/envelope.h"
#include "queue/queue.h"

/*
 * envelope.identity of what nobody has sent: a report of ours, a file of a pickup directory. It goes
 * to whom it likes. No directory has a name that begins so, and no frontend may say so.
 */
#define MESSAGE_IDENTITY_OURS   '/'
#define MESSAGE_IDENTITY_REPORT "/report"
#define MESSAGE_IDENTITY_PICKUP "/pickup"

/*
 * The envelope in MESSAGE_DELIVER and in a job: sender and parameters, then recipients. Of a
 * recipient: address, notify, orcpt, via, member. What get adds to `envelope` is for envelope_clear.
 */
void message_put_envelope(struct wire_writer *writer, const char *server,
			  const struct envelope *envelope);
bool message_get_envelope(struct span body, char server[QUEUE_SERVER_SIZE],
			  struct envelope *envelope);

#define MESSAGE_TAKE_MAX 100
/* One ask is one job; it is answered when there is one. */
struct message_take {
	uint32_t count;      /* 0: whatever is due. Else only what waits for these domains (ATRN),
				answered at once */
	struct span domains; /* count texts in wire form */
};

struct message_job {
	uint64_t handle; /* 0: there is none (ATRN) */
	char id[QUEUE_ID_SIZE];
	uint8_t kind; /* enum queue_hop_kind */
	char key[QUEUE_KEY_SIZE];
	char server[QUEUE_SERVER_SIZE];
	int64_t arrived;
	uint64_t size;        /* octets of the message in the descriptor, from its beginning */
	uint32_t attempt;     /* 0 = the first */
	struct span envelope; /* with the recipients of this job; results count them from 0 */
};

struct message_done {
	uint64_t handle;
	uint8_t dead;
	uint32_t count; /* 0: nothing was tried, it goes back as it came */
	struct span results; /* count of them, as message_put_queue_result writes */
};
void message_put_queue_result(struct wire_writer *writer, const struct queue_result *result);
bool message_get_queue_result(struct wire_reader *reader, struct queue_result *result);

/*
 * A recipient of a job that has become others (MESSAGE_EXPANDED): they are in the queue, durably,
 * when it is answered with OK, and DONE needs no result of it. Otherwise it is expanded anew at the
 * next attempt.
 */
struct message_list {
	uint64_t handle;
	uint32_t recipient; /* of the job, from 0 */
};

/*
 * Of a job of kind QUEUE_HOP_LOCAL: its message into mailboxes of ours, into all of them or, where
 * the answer is not OK, into none; the answer's value says which one was over its quota. What OK
 * means for the recipients the queue has in writing when it is answered; DONE says it all the same.
 */
#define MESSAGE_PLACES_MAX 32
struct message_place {
	uint64_t handle;
	uint32_t count;
	struct span places; /* count of them, as message_put_one_place writes */
};
/* A recipient of the job, from 0, and its TICKET_DELIVER (or TICKET_DROP) of the directory role. */
void message_put_one_place(struct wire_writer *writer, uint32_t recipient, struct span ticket);
bool message_get_one_place(struct wire_reader *reader, uint32_t *recipient, struct span *ticket);

/*
 * A file that somebody dropped into a pickup directory, claimed: nobody else has it. Answered at
 * once: whoever takes such files asks every second.
 */
struct message_claimed {
	uint64_t handle; /* 0: there is none now */
	char server[QUEUE_SERVER_SIZE];
	char name[256]; /* of the file, for the log */
};
struct message_claim_end {
	uint64_t handle;
	uint8_t bad; /* to badmail, with the reason; without one: it is claimed again later */
	char reason[400]; /* what is wrong with it, and what to do; one line */
};

enum message_order_act { ORDER_RETRY, ORDER_HOLD, ORDER_RELEASE, ORDER_REMOVE, ORDER_BOUNCE };
struct message_order {
	enum message_order_act act;
	char id[QUEUE_ID_SIZE]; /* of a message; "" = all of the key */
	char key[QUEUE_KEY_SIZE];
};

void message_put_take(struct wire_writer *writer, const struct message_take *take);
bool message_get_take(struct span body, struct message_take *take);
void message_put_job(struct wire_writer *writer, const struct message_job *job);
bool message_get_job(struct span body, struct message_job *job);
void message_put_done(struct wire_writer *writer, const struct message_done *done);
bool message_get_done(struct span body, struct message_done *done);
void message_put_list(struct wire_writer *writer, const struct message_list *list);
bool message_get_list(struct span body, struct message_list *list);
void message_put_place(struct wire_writer *writer, const struct message_place *place);
bool message_get_place(struct span body, struct message_place *place);
void message_put_claimed(struct wire_writer *writer, const struct message_claimed *claimed);
bool message_get_claimed(struct span body, struct message_claimed *claimed);
void message_put_claim_end(struct wire_writer *writer, const struct message_claim_end *end);
bool message_get_claim_end(struct span body, struct message_claim_end *end);
void message_put_order(struct wire_writer *writer, const struct message_order *order);
bool message_get_order(struct span body, struct message_order *order);

#endif
