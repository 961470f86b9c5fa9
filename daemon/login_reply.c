/* SPDX-License-Identifier: ISC */
#include "daemon/login_reply.h"

#include "conf/conf.h"

/* With no text of its own, an expired password looks like a wrong one. */
static enum auth_verdict verdict_shown(const struct conf *conf, enum auth_verdict verdict)
{
	if (verdict == AUTH_EXPIRED && conf->password_expired_text[0] == '\0')
		return AUTH_REJECTED;
	return verdict;
}

enum outcome login_reply_outcome(enum auth_verdict verdict)
{
	switch (verdict) {
	case AUTH_OK:
	case AUTH_NO_MAILBOX:
		return OUTCOME_OK;
	case AUTH_REJECTED:
	case AUTH_EXPIRED:
		return OUTCOME_PERM;
	case AUTH_TEMPORARY:
		break;
	}
	return OUTCOME_TEMP;
}

struct smtp_reply login_reply_smtp(const struct conf *conf, enum auth_verdict verdict)
{
	switch (verdict_shown(conf, verdict)) {
	case AUTH_OK:
	case AUTH_NO_MAILBOX:
		return (struct smtp_reply){ 235, "2.7.0", "Authentication successful" };
	case AUTH_REJECTED:
		return (struct smtp_reply){ 535, "5.7.8", "Authentication credentials invalid" };
	case AUTH_EXPIRED:
		return (struct smtp_reply){ 535, "5.7.8", conf->password_expired_text };
	case AUTH_TEMPORARY:
		break;
	}
	return (struct smtp_reply){ 454, "4.7.0", "Temporary authentication failure" };
}

struct login_reply_pop3 login_reply_pop3(const struct conf *conf, enum auth_verdict verdict)
{
	switch (verdict_shown(conf, verdict)) {
	case AUTH_OK:
		return (struct login_reply_pop3){ POP3_CODE_NONE, "" };
	case AUTH_NO_MAILBOX:
		return (struct login_reply_pop3){ POP3_CODE_SYS_PERM,
						  "This account has no mailbox here" };
	case AUTH_REJECTED:
		return (struct login_reply_pop3){ POP3_CODE_AUTH, "Invalid user name or password" };
	case AUTH_EXPIRED:
		return (struct login_reply_pop3){ POP3_CODE_AUTH, conf->password_expired_text };
	case AUTH_TEMPORARY:
		break;
	}
	return (struct login_reply_pop3){ POP3_CODE_SYS_TEMP, "Temporary authentication failure" };
}
