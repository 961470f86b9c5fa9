/* SPDX-License-Identifier: ISC */
#include "daemon/recipient_reply.h"

#include <stdio.h>

const struct smtp_reply recipient_reply_denied = { 550, "5.7.1", "Relaying denied" };
const struct smtp_reply recipient_reply_own = { 550, "5.7.1",
						"This server delivers to its own domains only" };

struct smtp_reply recipient_reply_full(const char *address, char room[RECIPIENT_REPLY_SIZE])
{
	snprintf(room, RECIPIENT_REPLY_SIZE, "<%s>: mailbox is full", address);
	return (struct smtp_reply){ 552, "5.2.2", room };
}
