/* SPDX-License-Identifier: ISC */
/*
 * The one question that the directory role asks the local role, is this the password of
 * that account, and its answer. The rules of daemon/message.h hold.
 */
#ifndef DAEMON_MESSAGE_LOCAL_H
#define DAEMON_MESSAGE_LOCAL_H

#include "daemon/message.h"
#include "directory/errors.h"

struct message_prove {
	char account[64];
	char password[1024];
};

struct message_proof {
	enum password_result result;
	char cause[200]; /* for the log */
};

void message_put_prove(struct wire_writer *writer, const struct message_prove *prove);
bool message_get_prove(struct span body, struct message_prove *prove);
void message_put_proof(struct wire_writer *writer, const struct message_proof *proof);
bool message_get_proof(struct span body, struct message_proof *proof);

#endif
