/* SPDX-License-Identifier: ISC */
/*
 * Mail that waits: for another server, for a mailbox of ours that could not take it,
 * or to be fetched by the one it is for (ETRN, ATRN). One file a message below
 * <queue>/<server>/, whole and durable before it counts; what happened to each
 * recipient is appended to it. docs/QUEUE.md has the table of file states. In memory
 * stands a small record for each message and next hop, and the schedule.
 *
 * All functions may be called from many threads. Those that block say so.
 */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include "base/outcome.h"
#include "mail/envelope.h"

#define QUEUE_ID_SIZE     32  /* of a message, as in Received and in the log; with NUL */
#define QUEUE_SERVER_SIZE 64  /* name of a virtual server */
#define QUEUE_REASON_SIZE 256 /* for the log */
#define QUEUE_TEXT_SIZE   512 /* what a server said, cut; one line */
#define QUEUE_KEY_SIZE    300
#define QUEUE_RETRIES_MAX 16 /* more intervals are not looked at */

struct queue;

struct queue_failure {
	char reason[QUEUE_REASON_SIZE]; /* what, which path, errno */
	bool full;                      /* disk, inodes or disk quota */
	bool exists;                    /* queue_add: a message of that id waits */
};

/*
 * Where a recipient's mail goes next, by the rules of now. Recipients of one message with the
 * same key travel together; a key is also what a dead destination is known by.
 */
enum queue_hop_kind {
	QUEUE_HOP_SMTP,   /* key "example.com" (MX), "[192.0.2.1]:25", "lmtp:..." */
	QUEUE_HOP_LOCAL,  /* one of our domains: the asker finds the mailbox; key "local" */
	QUEUE_HOP_TRIGGER /* waits for ETRN or ATRN; key "trigger:example.com" */
};
struct queue_hop {
	enum queue_hop_kind kind;
	char key[QUEUE_KEY_SIZE];
};

struct queue_limits { /* of a virtual server; seconds */
	unsigned connections, connections_per_domain, messages_per_connection, recipients;
	unsigned retry[QUEUE_RETRIES_MAX]; /* the last one again and again */
	size_t retry_count;
	unsigned delay_notice, expiry, local_delay_notice, local_expiry; /* notice 0 = none */
};

struct queue_message {
	char id[QUEUE_ID_SIZE];
	char server[QUEUE_SERVER_SIZE];
	int64_t arrived;          /* unix time */
	uint64_t size;            /* octets of the message: the file begins with it, in wire form */
	bool held;                /* by an administrator */
	struct envelope envelope; /* all recipients, in the order of arrival */
	struct queue_recipient *recipients; /* as many: what has become of them */
};

enum queue_state { QUEUE_WAITING, QUEUE_RELAYED, QUEUE_DELIVERED, QUEUE_FAILED, QUEUE_REMOVED,
		   QUEUE_EXPANDED /* became others (RFC 3464 section 2.3.3) */ };
struct queue_recipient {
	enum queue_state state;
	unsigned attempts;
	int64_t next; /* unix time of the next attempt; 0 = now */
	bool delay_told;
	bool moved;                 /* its `via` is newer than the file; of those who settle */
	bool owed;                  /* its report could not be made yet: the message stays for it */
	char status[12];            /* "4.4.1", of the last attempt; "" = none yet */
	char text[QUEUE_TEXT_SIZE]; /* its diagnostic: a reply ("smtp; 450 ...") or words of ours */
	char mta[256];              /* who said so; "" = we */
};

enum queue_what { QUEUE_SUCCESS, QUEUE_HANDED_ON, QUEUE_DELAYED, QUEUE_FAILURE,
		  QUEUE_SPLIT /* it became others, who may be told of later */ };
struct queue_event { /* something that a sender may have to be told; RFC 3461 section 5 decides */
	enum queue_what what;
	size_t recipient; /* number in the message */
};

struct queue_calls {
	/* Both by the rules of now; called without locks of the queue, and quick. */
	void (*hop)(void *context, const char *server, const struct envelope_recipient *recipient,
		    struct queue_hop *hop);
	bool (*limits)(void *context, const char *server,
		       struct queue_limits *limits); /* false: no such server now */
	/* There may be something for queue_take. From any thread, quick, must not call the queue.
	 */
	void (*ready)(void *context);
	/*
	 * What is to be told about recipients of a message: report (mail/report.h), made and added
	 * to the queue before this returns. Blocks. TEMP: it is asked again later, and the message
	 * stays until then. PERM: nobody can be told, and it has been put among the bad mail.
	 */
	enum outcome (*report)(void *context, const struct queue_message *message, int fd,
			       const struct queue_event *events, size_t count);
	/* From queue_open, before its threads start: from here on the others come. May be NULL. */
	void (*opened)(void *context, struct queue *queue);
	/* Is it one of our domains, where local parts have no case? May be NULL: none is. */
	bool (*own)(void *context, const char *domain);
};

/* Makes what is missing below root; then loads what waits, in a thread of its own. NULL with a
 * reason. Blocks. */
struct queue *queue_open(const char *root, const struct queue_calls *calls, void *context,
			 struct queue_failure *failure);
void queue_close(struct queue *queue);
/* The rules have changed: hop and limits are asked anew for everything. */
void queue_rules_changed(struct queue *queue);

/*
 * Makes the message in `spool` (nothing but the message; on the queue's file system) and its
 * envelope durable under `id`. `shared`: the file is, or will be, in mailboxes as well, so it is
 * copied. OK: it is in the queue when this returns, and goes out from now on. Blocks.
 */
enum outcome queue_add(struct queue *queue, int spool, bool shared, const char *server,
		       const char *id, const struct envelope *envelope,
		       struct queue_failure *failure);

/*
 * The same in two steps, for a message that has to be durable elsewhere too: what is prepared is
 * durable and goes out after a crash, but not before it is committed. Each is ended by commit or
 * withdraw. NULL with *outcome and a reason.
 */
struct queue_prepared;
struct queue_prepared *queue_prepare(struct queue *queue, int spool, bool shared,
				     const char *server, const char *id,
				     const struct envelope *envelope, enum outcome *outcome,
				     struct queue_failure *failure);
void queue_commit(struct queue *queue, struct queue_prepared *prepared);
void queue_withdraw(struct queue *queue, struct queue_prepared *prepared);

/* A nameless file for a message that is to be added, on the queue's file system; -1 with a reason.
 */
int queue_spool(struct queue *queue, struct queue_failure *failure);
/* One that is not added after all; closes it. */
void queue_spool_drop(struct queue *queue, int spool);

/* One transaction's worth of a message. */
struct queue_job {
	uint64_t handle;
	struct queue_hop hop;
	struct queue_message *message; /* the job's */
	size_t *which;                 /* the recipients it is for, numbers in the message */
	size_t count;
	int fd; /* the file, for reading */
};
/*
 * The next one due, fair among hops; with `keys` (NULL-ended) only of those, due or not: what has
 * just failed comes again then, after the others. NULL: none. May block.
 */
struct queue_job *queue_take(struct queue *queue, const char *const *keys);
void queue_job_free(struct queue_job *job); /* closes; leaves the handle taken */

/* MOVED: the directory has named a next hop meanwhile, which is `text`; it goes there at once. */
enum queue_verdict { QUEUE_OK, QUEUE_LATER, QUEUE_NEVER, QUEUE_MOVED };
struct queue_result {     /* of one recipient of a job */
	size_t recipient; /* number in the message */
	enum queue_verdict verdict;
	bool dsn; /* OK: the next server takes on reports (it offered DSN) */
	char status[12];
	char text[QUEUE_TEXT_SIZE];
	char mta[256];
};
/*
 * What came of it. A recipient without a result is LATER at once. `dead`: nobody answered for the
 * hop, so all that waits for it waits with this one. Blocks (appends, reports). TEMP: the file
 * could not be written; what is final is kept in memory and written later, and until then the job
 * stays taken: the recipients get nothing twice while the process lives.
 */
enum outcome queue_done(struct queue *queue, uint64_t handle, const struct queue_result *results,
			size_t count, bool dead, struct queue_failure *failure);
/*
 * A recipient of a job becomes others (a group, somebody who forwards): they are appended to the
 * message as one record, which counts whole or not at all, and their hops are scheduled. Addresses
 * that the message has already, in any state, are left out, so each gets it once; but for the
 * recipient's own, which stays as a member. With the record its state becomes QUEUE_EXPANDED; with
 * a count of 0, where the list's members have got a message of their own, QUEUE_DELIVERED. One that
 * was expanded before is OK and adds nothing. OK: durable. PERM: no such job, or too many
 * recipients. Blocks.
 */
enum outcome queue_expand(struct queue *queue, uint64_t handle, size_t recipient,
			  const struct envelope_recipient *others, size_t count,
			  struct queue_failure *failure);
/*
 * Recipients of a job of kind QUEUE_HOP_LOCAL, counted in the job, have it in their mailboxes: written
 * down, not durably, so that nobody gets it twice if the taker dies. queue_done says the same again,
 * and reports. Blocks.
 */
enum outcome queue_placed(struct queue *queue, uint64_t handle, const size_t *numbers, size_t count,
			  struct queue_failure *failure);
/*
 * The file of a job that is taken, and of what it says id, server, size and the envelope without
 * recipients, quickly, however many it has. Nothing in *head is to be freed. -1: none.
 */
int queue_job_head(struct queue *queue, uint64_t handle, struct queue_message *head);
/* The file of a job that is taken, and what it says; *message is for queue_message_free. -1: none.
 */
int queue_job_open(struct queue *queue, uint64_t handle, struct queue_message **message);
/* The taker is gone: its jobs are due again. */
void queue_give_back(struct queue *queue, const uint64_t *handles, size_t count);

/* ETRN, `postern queue retry`: what waits for the key is due now. How many messages. */
size_t queue_release(struct queue *queue, const char *key);

struct queue_totals {
	size_t messages, jobs; /* that are known; that are taken */
	size_t hops;
	bool loading; /* there are, or may be, files that were not read yet */
};
void queue_total(struct queue *queue, struct queue_totals *totals);
/* The messages that wait for a key now, at most `most`; how many were written to `ids`. */
size_t queue_waiting(struct queue *queue, const char *key, char (*ids)[QUEUE_ID_SIZE], size_t most);

/* Acts of an administrator on one message; false: there is none of that id. Block. */
enum queue_act { QUEUE_RETRY, QUEUE_HOLD, QUEUE_UNHOLD, QUEUE_REMOVE /* silently */, QUEUE_BOUNCE };
bool queue_act(struct queue *queue, const char *id, enum queue_act act,
	       struct queue_failure *failure);

/* ---- reading the files beside a running gateway, or without one (the administrator's command)
 * ---- */

/* Each message below root, in no order; false from `each` ends it. False with a reason. */
bool queue_visit(const char *root,
		 bool (*each)(void *context, const struct queue_message *message, int fd),
		 void *context, struct queue_failure *failure);
/* From a file: NULL when it is not one. For queue_message_free. */
struct queue_message *queue_message_read(int fd, const char *name);
void queue_message_free(struct queue_message *message);

/*
 * What can be neither delivered nor reported, for an administrator: <directory>/<id>.BAD is the
 * message, .BDR the reason, .BDP the detail. Durable when this returns OK. Makes the directory.
 */
enum outcome queue_badmail(const char *directory, const char *id, int fd, uint64_t size,
			   const char *reason, const char *detail, struct queue_failure *failure);

#endif
