/* SPDX-License-Identifier: ISC */
/*
 * A job of the queue in the hands of who sends it: read from the answer to MESSAGE_TAKE,
 * with what has become of each recipient, until the store has it in writing
 * (MESSAGE_DONE). Says in the log what happened, one line a recipient.
 */
#ifndef DAEMON_OUTGOING_JOB_H
#define DAEMON_OUTGOING_JOB_H

#include "base/outcome.h"
#include "daemon/message_queue.h"
#include "daemon/outgoing_body.h"
#include "gateway/smtp_client.h"

struct channel;
struct outgoing_session;
struct packet;

struct outgoing_job {
	struct message_job head; /* its span `envelope` is not good any more */
	struct envelope envelope;
	struct queue_result *results; /* one a recipient, in the order of the envelope */
	bool *decided;
	struct outgoing_body body;
	int fd;
	struct outgoing_job *next; /* the holder's */
	void *holder;              /* likewise */
	unsigned tries;            /* likewise: connections it has been given to in vain */
	bool dead;
	/* Private. */
	struct channel **store;
	const unsigned *epoch;
	unsigned epoch_taken;
	void (*over)(struct outgoing_job *job);
};

struct outgoing_peer { /* who answered, for results and the log; all texts are copied */
	const char *host, *address; /* "mx.example.com", "192.0.2.1"; "" = nobody: we say it */
	const char *tls;            /* "TLSv1.3"; "" = plain */
	bool verified;
	bool dsn; /* it takes on reports */
};

/*
 * From an answer to MESSAGE_TAKE, whose descriptor it takes over. NULL: there is no job in it, or
 * it is malformed. *store and *epoch (which counts the store's lives) are looked at until the end.
 */
struct outgoing_job *outgoing_job_new(const struct packet *packet, struct channel **store,
				      const unsigned *epoch);
void outgoing_job_free(struct outgoing_job *job);        /* without telling the store */
bool outgoing_job_stale(const struct outgoing_job *job); /* of a store that is gone */

/* A recipient is decided; the first word counts. */
void outgoing_job_reply(struct outgoing_job *job, size_t recipient, enum outcome outcome,
			const struct smtp_client_reply *reply, const struct outgoing_peer *peer);
/* Words of ours, for one, or for all that have no result yet. */
void outgoing_job_say(struct outgoing_job *job, size_t recipient, enum queue_verdict verdict,
		      const char *status, const char *text);
void outgoing_job_say_rest(struct outgoing_job *job, enum queue_verdict verdict, const char *status,
			   const char *text);

/*
 * Tells the store. The job is freed at last, after `over` (may be NULL): the store has answered,
 * or is gone.
 */
void outgoing_job_done(struct outgoing_job *job, void (*over)(struct outgoing_job *job));

#endif
