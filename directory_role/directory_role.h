/* SPDX-License-Identifier: ISC */
/* What the handlers of the directory role share. */
#ifndef DIRECTORY_ROLE_DIRECTORY_ROLE_H
#define DIRECTORY_ROLE_DIRECTORY_ROLE_H

#include "daemon/message_directory.h"
#include "daemon/work.h"

struct auth;
struct client_logins;
struct conf;
struct directories;
struct exchange_table;
struct exchanges;
struct local_link;
struct routing;

struct directory_role {
	const struct conf *conf;
	unsigned char key[TICKET_KEY_SIZE];
	struct directories *directories;
	struct routing *routing;
	struct auth *auth;
	struct exchanges *exchanges;
	struct client_logins *logins;
	struct local_link *local; /* NULL unless method local */
};

struct directory_peer { /* what work_own gives */
	struct exchange_table *exchanges; /* logins of clients */
	struct exchange_table *clients;   /* our own, elsewhere */
};

/* A delivery ticket for that mailbox; octets. Dies when it does not fit. */
size_t directory_ticket(const struct directory_role *role, const struct route_mailbox *mailbox,
			char to[TICKET_SIZE_MAX]);
/* What a login has led to, for its message. ticket and standing: room for the identity's. */
void directory_identify(const struct directory_role *role, struct auth_answer *answer,
			const char *session, struct message_identity *identity,
			char ticket[TICKET_SIZE_MAX], char standing[STANDING_SIZE_MAX]);

bool directory_elsewhere(struct work *work); /* handler of a work_permit */

#endif
