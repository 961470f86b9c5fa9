/* SPDX-License-Identifier: ISC */
/* What the store role's handlers share. */
#ifndef DAEMON_STORE_ROLE_H
#define DAEMON_STORE_ROLE_H

#include "daemon/message_store.h"
#include "daemon/work.h"
#include "store/store.h"

/* Spool files and usage never wait behind an fsync or a large mailbox. */
enum { STORE_POOL_QUICK, STORE_POOL_COMMIT, STORE_POOL_MAILDROP };

struct store_role {
	unsigned char key[TICKET_KEY_SIZE];
	struct store *store;
};

void store_answer(struct work *work, const struct message_result *result, int fd);
/* False: not valid (any more) for this purpose. */
bool store_ticket(const struct store_role *role, struct span encoded, enum ticket_purpose purpose,
		  struct ticket *ticket, struct store_mailbox *mailbox);

#endif
