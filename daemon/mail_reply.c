/* SPDX-License-Identifier: ISC */
#include "daemon/mail_reply.h"

#include <stdio.h>

const struct smtp_reply mail_reply_denied = { 550, "5.7.1", "Relaying denied" };
const struct smtp_reply mail_reply_own = { 550, "5.7.1",
					   "This server delivers to its own domains only" };
const struct smtp_reply mail_reply_later = {
	451, "4.7.1",
	"Relaying depends on your host name or your groups, which cannot be looked up now"
};
const struct smtp_reply mail_reply_sender_full = {
	552, "5.2.2", "Your mailbox is full: delete messages to send again"
};

struct smtp_reply mail_reply_recipient_full(const char *address, char room[MAIL_REPLY_SIZE])
{
	snprintf(room, MAIL_REPLY_SIZE, "<%s>: mailbox is full", address);
	return (struct smtp_reply){ 552, "5.2.2", room };
}
