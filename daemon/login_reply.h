/* SPDX-License-Identifier: ISC */
/* What a client is told of a login, in both protocols: one text for every kind of failure. */
#ifndef DAEMON_LOGIN_REPLY_H
#define DAEMON_LOGIN_REPLY_H

#include "auth/auth.h"
#include "gateway/smtp_server.h"
#include "pop3/pop3_server.h"

enum outcome
login_reply_outcome(enum auth_verdict verdict); /* in SMTP, where no mailbox is needed */
/* The texts are static or the configuration's. */
struct smtp_reply login_reply_smtp(const struct conf *conf, enum auth_verdict verdict);

struct login_reply_pop3 {
	enum pop3_code code;
	const char *text; /* "" for AUTH_OK, where the maildrop has the last word */
};
struct login_reply_pop3 login_reply_pop3(const struct conf *conf, enum auth_verdict verdict);

#endif
