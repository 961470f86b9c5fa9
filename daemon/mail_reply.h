/* SPDX-License-Identifier: ISC */
/*
 * What a client is told at MAIL and RCPT where it is not the directory role that says it: of
 * relaying and of full mailboxes. For the frontend, and for who explains it.
 */
#ifndef DAEMON_MAIL_REPLY_H
#define DAEMON_MAIL_REPLY_H

#include "gateway/smtp_server.h"
#include "mail/address.h"

extern const struct smtp_reply mail_reply_denied; /* relaying, to who has not logged in */
extern const struct smtp_reply mail_reply_own;    /* likewise, to who has */
extern const struct smtp_reply mail_reply_later;  /* whether he may cannot be found out */
extern const struct smtp_reply mail_reply_sender_full;
enum { MAIL_REPLY_SIZE = ADDRESS_TEXT_SIZE + 40 };
/* The reply's text is in `room`. */
struct smtp_reply mail_reply_recipient_full(const char *address, char room[MAIL_REPLY_SIZE]);

#endif
