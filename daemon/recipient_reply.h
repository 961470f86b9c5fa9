/* SPDX-License-Identifier: ISC */
/*
 * What a client is told of a recipient where it is not the directory role that says it: of
 * relaying, by the configuration, and of a full mailbox. For the frontend, and for who explains it.
 */
#ifndef DAEMON_RECIPIENT_REPLY_H
#define DAEMON_RECIPIENT_REPLY_H

#include "gateway/smtp_server.h"
#include "mail/address.h"

extern const struct smtp_reply recipient_reply_denied; /* to who has not logged in */
extern const struct smtp_reply recipient_reply_own;    /* to who has */
enum { RECIPIENT_REPLY_SIZE = ADDRESS_TEXT_SIZE + 40 };
/* The reply's text is in `room`. */
struct smtp_reply recipient_reply_full(const char *address, char room[RECIPIENT_REPLY_SIZE]);

#endif
