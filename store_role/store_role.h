/* SPDX-License-Identifier: ISC */
/* What the store role's handlers share. */
#ifndef STORE_ROLE_STORE_ROLE_H
#define STORE_ROLE_STORE_ROLE_H

#include "daemon/message_store.h"
#include "daemon/work.h"
#include "store/store.h"

struct pickup_scan;
struct queue;
struct queue_asks;
struct queue_rules;

/*
 * Spool files and usage never wait behind an fsync or a large mailbox, new mail not behind old.
 * The rules have one thread, so that the last ones stay.
 */
enum { STORE_POOL_QUICK, STORE_POOL_COMMIT, STORE_POOL_MAILDROP, STORE_POOL_QUEUE, STORE_POOL_RULES,
       STORE_POOL_PICKUP /* of its own: a share that hangs holds up nothing else */ };

struct store_role {
	unsigned char key[TICKET_KEY_SIZE];
	struct store *store;
	struct queue *queue;
	struct queue_rules *rules;
	struct queue_asks *asks;
	struct pickup_scan *pickup;
	const char *queue_root; /* as it was configured at the start: it does not move */
	const char *conf_file;
};

/* What a peer of the store has: a frontend its maildrops, a relay its jobs. */
struct store_peer {
	void *maildrops;
	void *jobs;
};

void store_answer(struct work *work, const struct message_result *result, int fd);
/* False: not valid (any more) for this purpose. */
bool store_ticket(const struct store_role *role, struct span encoded, enum ticket_purpose purpose,
		  struct ticket *ticket, struct store_mailbox *mailbox);
void store_tell_failure(const char *event, const char *session, const struct store_failure *failure);

/* store_deliver.c */
bool store_handle_deliver(struct work *work);

#endif
