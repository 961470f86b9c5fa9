/* SPDX-License-Identifier: ISC */
/* MAIL and RCPT. */
#include "smtp_owner.h"

#define HELLO       "EHLO c\r\n"
#define HELLO_REPLY GREETING EHLO_PLAIN
#define SENDER_OK   "250 2.1.0 Sender ok\r\n"
#define RCPT_OK     "250 2.1.5 Recipient ok\r\n"
#define BAD         "501 5.5.4 Bad parameter\r\n"
#define RESET       "250 2.0.0 Ok\r\n"
#define MANY        "YYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYY"

static const struct smtp_profile no_default = { .fqdn = "mx.corp.example", .anonymous = true };
static const struct smtp_profile small_session = {
	.fqdn = "mx.corp.example",
	.anonymous = true,
	.session_size = 100,
};

static const struct smtp_profile watchful = {
	.fqdn = "mx.corp.example",
	.anonymous = true,
	.refused_recipients = 3,
};

static const struct dialogue senders[] = {
	{ "null", TEXT(HELLO "MAIL FROM:<>\r\n"), HELLO_REPLY SENDER_OK, "", NULL },
	{ "space, lower case", TEXT(HELLO "mail from: <a@b.example>\r\n"), HELLO_REPLY SENDER_OK,
	  "", NULL },
	{ "nested", TEXT(HELLO "MAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\n"),
	  HELLO_REPLY SENDER_OK "503 5.5.1 Sender already given\r\n", "", NULL },
	{ "syntax",
	  TEXT(HELLO "MAIL <a@b>\r\nMAIL FROM <a@b>\r\nMAIL FROM:\r\nMAIL FROM:a@b\r\n"
		     "MAIL FROM:<a@b\r\nMAIL FROM:<a@>\r\nMAIL FROM:<a b@c>\r\n"
		     "MAIL FROM:<a@b>>\r\nMAIL FROM:<a@b>SIZE=1\r\n"),
	  HELLO_REPLY "501 5.5.4 Syntax: MAIL FROM:<address>\r\n"
		      "501 5.5.4 Syntax: MAIL FROM:<address>\r\n"
		      "501 5.1.7 Bad address: address not in angle brackets\r\n"
		      "501 5.1.7 Bad address: address not in angle brackets\r\n"
		      "501 5.1.7 Bad address: unexpected character in address\r\n"
		      "501 5.1.7 Bad address: bad domain\r\n"
		      "501 5.1.7 Bad address: unexpected character in address\r\n" BAD BAD,
	  "", NULL },
	{ "owner says no",
	  TEXT(HELLO "MAIL FROM:<temp@b>\r\nMAIL FROM:<perm@b>\r\nMAIL FROM:<over@b>\r\n"
		     "RCPT TO:<x@y>\r\n"),
	  HELLO_REPLY "451 4.3.0 Temporary failure, try again later\r\n550 5.1.0 Sender refused\r\n"
		      "552 5.2.2 Over quota,??send less\r\n503 5.5.1 Send MAIL first\r\n",
	  "discard\ndiscard\ndiscard\n", NULL },
	{ "UTF-8",
	  TEXT(HELLO "MAIL FROM:<j\xc3\xbcrgen@b>\r\nMAIL FROM:<a@b\xc3\xbc"
		     "cher>\r\n"
		     "MAIL FROM:<j\xc3\xbcrgen@b> SMTPUTF8\r\nRSET\r\n"
		     "MAIL FROM:<j\xfcrgen@b> SMTPUTF8\r\n"),
	  HELLO_REPLY
	  "553 5.6.7 Address needs SMTPUTF8\r\n553 5.6.7 Address needs SMTPUTF8\r\n" SENDER_OK RESET
	  "501 5.1.7 Bad address: local part is not valid UTF-8\r\n",
	  NULL, NULL },
	{ "after HELO", TEXT("HELO c\r\nMAIL FROM:<a@b> SIZE=1\r\nMAIL FROM:<a@b>\r\n"),
	  GREETING "250 mx.corp.example\r\n555 5.5.4 Parameters need EHLO\r\n" SENDER_OK, "",
	  NULL },
};

static const struct dialogue parameters[] = {
	{ "size",
	  TEXT(HELLO "MAIL FROM:<a@b> SIZE=1000\r\nRSET\r\nMAIL FROM:<a@b> SIZE=1001\r\n"
		     "MAIL FROM:<a@b> SIZE=\r\nMAIL FROM:<a@b> SIZE\r\nMAIL FROM:<a@b> SIZE=x\r\n"
		     "MAIL FROM:<a@b> SIZE=9999999999999999999x\r\n"
		     "MAIL FROM:<a@b> SIZE=999999999999999999999\r\n"
		     "MAIL FROM:<a@b> SIZE=99999999999999999999\r\n"),
	  HELLO_REPLY SENDER_OK RESET "552 5.3.4 Message too big\r\n" BAD BAD BAD BAD BAD
				      "552 5.3.4 Message too big\r\n",
	  NULL, NULL },
	{ "session size",
	  TEXT("EHLO c\r\nMAIL FROM:<a@b> SIZE=101\r\nMAIL FROM:<a@b> SIZE=100\r\n"),
	  GREETING EHLO_BARE "552 5.3.4 Too much mail in this session\r\n" SENDER_OK, "",
	  &small_session },
	{ "body",
	  TEXT(HELLO
	       "MAIL FROM:<a@b> BODY=7bit\r\nRSET\r\nMAIL FROM:<a@b> BODY=8BITMIME\r\nRSET\r\n"
	       "MAIL FROM:<a@b> BODY=BINARYMIME\r\nRSET\r\nMAIL FROM:<a@b> BODY=9BIT\r\n"),
	  HELLO_REPLY SENDER_OK RESET SENDER_OK RESET SENDER_OK RESET BAD, NULL, NULL },
	{ "smtputf8", TEXT(HELLO "MAIL FROM:<a@b> SMTPUTF8=1\r\nMAIL FROM:<a@b> smtputf8\r\n"),
	  HELLO_REPLY BAD SENDER_OK, "", NULL },
	{ "dsn",
	  TEXT(HELLO "MAIL FROM:<a@b> RET=FULL ENVID=QQ+2B1\r\nRSET\r\nMAIL FROM:<a@b> RET=X\r\n"
		     "MAIL FROM:<a@b> ENVID=a+2b\r\nMAIL FROM:<a@b> ENVID=a+\r\n"
		     "MAIL FROM:<a@b> ENVID=a+0A\r\nMAIL FROM:<a@b> ENVID=" MANY MANY "\r\nRSET\r\n"
		     "MAIL FROM:<a@b> ENVID=" MANY MANY "X\r\n"),
	  HELLO_REPLY SENDER_OK RESET BAD BAD BAD BAD SENDER_OK RESET BAD, NULL, NULL },
	{ "auth",
	  TEXT(HELLO
	       "MAIL FROM:<a@b> AUTH=<>\r\nRSET\r\nMAIL FROM:<a@b> AUTH=e+3Dmc2@x.org\r\nRSET\r\n"
	       "MAIL FROM:<a@b> AUTH=\r\n"),
	  HELLO_REPLY SENDER_OK RESET SENDER_OK RESET BAD, NULL, NULL },
	{ "unknown, twice, malformed",
	  TEXT(HELLO
	       "MAIL FROM:<a@b> FOO=1\r\nMAIL FROM:<a@b> FOO\r\nMAIL FROM:<a@b> SIZE=1 size=1\r\n"
	       "MAIL FROM:<a@b> =1\r\nMAIL FROM:<a@b> -X=1\r\nMAIL FROM:<a@b> SIZE=1=2\r\n"
	       "MAIL FROM:<a@b> NOTIFY=NEVER\r\n"),
	  HELLO_REPLY
	  "555 5.5.4 Parameter not recognised\r\n555 5.5.4 Parameter not recognised\r\n" BAD BAD BAD
		  BAD "555 5.5.4 Parameter not recognised\r\n",
	  "", NULL },
};

static const struct dialogue recipients[] = {
	{ "syntax",
	  TEXT(HELLO "MAIL FROM:<>\r\nRCPT <a@b>\r\nRCPT TO:\r\nRCPT TO:a@b\r\nRCPT TO:<>\r\n"
		     "RCPT TO:<a@b..c>\r\nRCPT TO:<a@[1.2.3]>\r\nRCPT\r\nRCPT TO:<@x,@y:a@b>\r\n"),
	  HELLO_REPLY SENDER_OK "501 5.5.4 Syntax: RCPT TO:<address>\r\n"
				"501 5.1.3 Bad address: address not in angle brackets\r\n"
				"501 5.1.3 Bad address: address not in angle brackets\r\n"
				"501 5.1.3 Bad address: empty address\r\n"
				"501 5.1.3 Bad address: bad domain\r\n"
				"501 5.1.3 Bad address: bad address literal\r\n"
				"501 5.5.4 Syntax: RCPT TO:<address>\r\n" RCPT_OK,
	  "", NULL },
	{ "owner says no",
	  TEXT(HELLO "MAIL FROM:<>\r\nRCPT TO:<temp@b>\r\nRCPT TO:<perm@b>\r\n"
		     "RCPT TO:<full@b>\r\nRCPT TO:<odd@b>\r\nDATA\r\n"),
	  HELLO_REPLY SENDER_OK "451 4.3.0 Temporary failure, try again later\r\n"
				"550 5.1.1 Recipient refused\r\n552 5.2.2 Mailbox full\r\n"
				"451 4.3.0 Temporary failure, try again later\r\n"
				"554 5.5.1 No valid recipients\r\n",
	  "", NULL },
	{ "owner hangs up", TEXT(HELLO "MAIL FROM:<>\r\nRCPT TO:<leave@b>\r\nNOOP\r\n"),
	  HELLO_REPLY SENDER_OK "421 4.3.2 Go away\r\n" CLOSED, "discard\n", NULL },
	{ "too many",
	  TEXT(HELLO "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<a@b>\r\nRCPT TO:<perm@b>\r\n"
		     "RCPT TO:<c@b>\r\nRCPT TO:<d@b>\r\nRCPT TO:<e@b>\r\nDATA\r\n.\r\n"),
	  HELLO_REPLY SENDER_OK RCPT_OK RCPT_OK
	  "550 5.1.1 Recipient refused\r\n" RCPT_OK
	  "452 4.5.3 Too many recipients\r\n452 4.5.3 Too many recipients\r\n" START_DATA TAKEN,
	  NULL, NULL },
	{ "utf8",
	  TEXT(HELLO
	       "MAIL FROM:<a@b>\r\nRCPT TO:<\xc3\xbc@b>\r\nRSET\r\nMAIL FROM:<a@b> SMTPUTF8\r\n"
	       "RCPT TO:<\xc3\xbc@b>\r\n"),
	  HELLO_REPLY SENDER_OK "553 5.6.7 Address needs SMTPUTF8\r\n" RESET SENDER_OK RCPT_OK,
	  NULL, NULL },
	{ "notify",
	  TEXT(HELLO "MAIL FROM:<>\r\nRCPT TO:<a@b> NOTIFY=NEVER,DELAY\r\n"
		     "RCPT TO:<a@b> NOTIFY=\r\nRCPT TO:<a@b> NOTIFY=SUCCESS,\r\n"
		     "RCPT TO:<a@b> NOTIFY=X\r\nRCPT TO:<a@b> NOTIFY=never\r\n"),
	  HELLO_REPLY SENDER_OK BAD BAD BAD BAD RCPT_OK, "", NULL },
	{ "orcpt",
	  TEXT(HELLO "MAIL FROM:<>\r\nRCPT TO:<a@b> ORCPT=rfc822\r\nRCPT TO:<a@b> ORCPT=;a\r\n"
		     "RCPT TO:<a@b> ORCPT=rfc822;\r\nRCPT TO:<a@b> ORCPT=rfc822;a+\r\n"
		     "RCPT TO:<a@b> ORCPT=rfc822;a@b SIZE=1\r\n"
		     "RCPT TO:<a@b> ORCPT=utf-8;\\x{FC}@b\r\n"
		     "RCPT TO:<a@b> ORCPT=utf-8;\xc3\xbc@b\r\n"
		     "RCPT TO:<a@b> ORCPT=rfc822;" MANY MANY MANY MANY MANY MANY MANY MANY MANY MANY
		     "\r\n"),
	  HELLO_REPLY SENDER_OK BAD BAD BAD BAD
	  "555 5.5.4 Parameter not recognised\r\n" RCPT_OK BAD BAD,
	  "", NULL },
};

#define NO       "RCPT TO:<perm@b>\r\n"
#define NO_REPLY "550 5.1.1 Recipient refused\r\n"
#define YES      "RCPT TO:<a@b>\r\n"
#define ENOUGH   "421 4.7.0 Too many refused recipients, closing connection\r\n" CLOSED

static const struct dialogue harvests[] = {
	{ "guesses", TEXT(HELLO "MAIL FROM:<>\r\n" NO NO NO NO),
	  GREETING EHLO_BARE SENDER_OK NO_REPLY NO_REPLY NO_REPLY ENOUGH, "discard\n", &watchful },
	{ "over several transactions",
	  TEXT(HELLO "MAIL FROM:<>\r\n" NO NO "RSET\r\nMAIL FROM:<>\r\n" NO NO),
	  GREETING EHLO_BARE SENDER_OK NO_REPLY NO_REPLY RESET SENDER_OK NO_REPLY ENOUGH, NULL,
	  &watchful },
	{ "a list with bad addresses",
	  TEXT(HELLO "MAIL FROM:<>\r\n" NO NO YES NO YES YES YES NO NO NO),
	  GREETING EHLO_BARE SENDER_OK NO_REPLY NO_REPLY RCPT_OK NO_REPLY RCPT_OK RCPT_OK RCPT_OK
		  NO_REPLY NO_REPLY NO_REPLY ENOUGH,
	  "discard\n", &watchful },
	{ "one good name buys one guess", TEXT(HELLO "MAIL FROM:<>\r\n" NO NO YES NO YES NO NO),
	  GREETING EHLO_BARE SENDER_OK NO_REPLY NO_REPLY RCPT_OK NO_REPLY RCPT_OK NO_REPLY NO_REPLY
		  ENOUGH,
	  "discard\n", &watchful },
	{ "what is our trouble is not counted",
	  TEXT(HELLO "MAIL FROM:<>\r\nRCPT TO:<temp@b>\r\nRCPT TO:<temp@b>\r\n"
		     "RCPT TO:<temp@b>\r\n" NO),
	  GREETING EHLO_BARE SENDER_OK "451 4.3.0 Temporary failure, try again later\r\n"
				       "451 4.3.0 Temporary failure, try again later\r\n"
				       "451 4.3.0 Temporary failure, try again later\r\n" NO_REPLY,
	  "", &watchful },
};

static const struct dialogue envelopes[] = {
	{ "everything kept",
	  TEXT(HELLO
	       "MAIL FROM:<@relay.example:Al.ice@SALES.example> SIZE=7 BODY=8BITMIME RET=HDRS "
	       "ENVID=QQ+2B1\r\nRCPT TO:<\"bob\"@X.Example> NOTIFY=SUCCESS,delay "
	       "ORCPT=rfc822;bob+2Bx@x.example\r\nRCPT TO:<postmaster>\r\n"
	       "RCPT TO:<\"a b\"@[IPv6:::1]>\r\nDATA\r\n.\r\n"),
	  HELLO_REPLY SENDER_OK RCPT_OK RCPT_OK RCPT_OK START_DATA TAKEN,
	  "commit <Al.ice@sales.example> size=7 body=1 utf8=0 ret=2 envid=QQ+2B1\n"
	  "to <bob@x.example> notify=10 orcpt=rfc822;bob+2Bx@x.example\n"
	  "to <postmaster@corp.example> notify=0 orcpt=\n"
	  "to <\"a b\"@[ipv6:::1]> notify=0 orcpt=\n"
	  "Return-Path: <Al.ice@sales.example>\r\n"
	  "Received: from c\r\n\t([192.0.2.1])\r\n\tby mx.corp.example\r\n\twith ESMTP id S1;\r\n"
	  "\tSun, 22 Nov 2026 00:00:00 +0000\r\n",
	  NULL },
	{ "default domain", TEXT(HELLO "MAIL FROM:<bob>\r\nRCPT TO:<carol>\r\nDATA\r\n.\r\n"),
	  HELLO_REPLY SENDER_OK RCPT_OK START_DATA TAKEN,
	  "commit <bob@corp.example> size=0 body=0 utf8=0 ret=0 envid=\n"
	  "to <carol@corp.example> notify=0 orcpt=\nReturn-Path: <bob@corp.example>\r\n"
	  "Received: from c\r\n\t([192.0.2.1])\r\n\tby mx.corp.example\r\n\twith ESMTP id S1\r\n"
	  "\tfor <carol@corp.example>;\r\n\tSun, 22 Nov 2026 00:00:00 +0000\r\n",
	  NULL },
	{ "no default domain",
	  TEXT("HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\nDATA\r\n.\r\n"),
	  GREETING "250 mx.corp.example\r\n" SENDER_OK RCPT_OK START_DATA TAKEN,
	  "commit <> size=0 body=0 utf8=0 ret=0 envid=\nto <Postmaster> notify=0 orcpt=\n"
	  "Return-Path: <>\r\n"
	  "Received: from c\r\n\t([192.0.2.1])\r\n\tby mx.corp.example\r\n\twith SMTP id S1\r\n"
	  "\tfor <Postmaster>;\r\n\tSun, 22 Nov 2026 00:00:00 +0000\r\n",
	  &no_default },
};

static void test_senders(void **state)
{
	(void)state;
	PLAY_ALL(senders);
}

static void test_parameters(void **state)
{
	(void)state;
	PLAY_ALL(parameters);
}

static void test_recipients(void **state)
{
	(void)state;
	PLAY_ALL(recipients);
}

static void test_harvests(void **state)
{
	(void)state;
	PLAY_ALL(harvests);
}

static void test_envelopes(void **state)
{
	(void)state;
	PLAY_ALL(envelopes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_senders),    cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_recipients), cmocka_unit_test(test_harvests),
		cmocka_unit_test(test_envelopes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
