/* SPDX-License-Identifier: ISC */
/* DATA and BDAT: framing, smuggling, limits, outcomes. */
#include "smtp_owner.h"

#define TO        "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\n"
#define FROM(who) "MAIL FROM:<" who "@b>\r\nRCPT TO:<x@y>\r\n"
#define TO_REPLY  GREETING EHLO_PLAIN TWO_OK
#define TWO_OK    "250 2.1.0 Sender ok\r\n250 2.1.5 Recipient ok\r\n"
#define COMMIT    "commit <a@b> size=0 body=0 utf8=0 ret=0 envid=\n" RECIPIENT
/* What follows is no header: an empty line stands before it. */
#define HEADLESS  COMMIT "\r\n"
#define RECIPIENT "to <x@y> notify=0 orcpt=\n" TRACE
#define TRACE     "Return-Path: <a@b>\r\n" RECEIVED
#define RECEIVED                                                                                   \
	"Received: from c\r\n\t([192.0.2.1])\r\n\tby mx.corp.example\r\n\twith ESMTP id S1\r\n"    \
	"\tfor <x@y>;\r\n\tSun, 22 Nov 2026 00:00:00 +0000\r\n"
#define LONE        "550 5.5.2 Message has a lone CR or LF\r\n"
#define LONE_CLOSED START_DATA LONE CLOSED
#define LATER       "451 4.3.0 Temporary failure, try again later\r\n"
#define X10(t)      t t t t t t t t t t
#define X100                                                                                       \
	"one hundred octets with the CRLF at their end one hundred octets with the CRLF at their " \
	"end one hu\r\n"

static const struct smtp_profile small_session = {
	.fqdn = "mx.corp.example",
	.anonymous = true,
	.session_size = 40,
};

static const struct dialogue data[] = {
	{ "plain", TEXT(TO "DATA\r\nSubject: x\r\n\r\nHello\r\n.\r\nQUIT\r\n"),
	  TO_REPLY START_DATA TAKEN "221 2.0.0 Bye\r\n" CLOSED,
	  COMMIT "Subject: x\r\n\r\nHello\r\n", NULL },
	{ "dots", TEXT(TO "DATA\r\n..\r\n...\r\n.x\r\n a.\r\n..x\r\n.\r\nNOOP\r\n"),
	  TO_REPLY START_DATA TAKEN "250 2.0.0 Ok\r\n", HEADLESS ".\r\n..\r\nx\r\n a.\r\n.x\r\n",
	  NULL },
	{ "two messages", TEXT(TO "DATA\r\n1\r\n.\r\n" FROM("a") "DATA\r\n2\r\n.\r\n"),
	  TO_REPLY START_DATA TAKEN TWO_OK START_DATA TAKEN, HEADLESS "1\r\n" HEADLESS "2\r\n",
	  NULL },
	{ "empty", TEXT(TO "DATA\r\n.\r\n"), TO_REPLY START_DATA TAKEN, COMMIT, NULL },
	{ "end looks", TEXT(TO "DATA\r\n .\r\n. \r\n.\t\r\n..\r\n.\r\n"), TO_REPLY START_DATA TAKEN,
	  HEADLESS " .\r\n \r\n\t\r\n.\r\n", NULL },
	{ "argument", TEXT(TO "DATA now\r\n"), TO_REPLY "501 5.5.4 Syntax: DATA\r\n", "", NULL },
	{ "no recipient", TEXT("EHLO c\r\nMAIL FROM:<a@b>\r\nDATA\r\nRSET\r\n"),
	  GREETING EHLO_PLAIN
	  "250 2.1.0 Sender ok\r\n554 5.5.1 No valid recipients\r\n250 2.0.0 Ok\r\n",
	  "discard\n", NULL },
	{ "long line",
	  TEXT(TO "DATA\r\n" X10(
		  "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789") "\r\n.\r\n"),
	  TO_REPLY START_DATA TAKEN, NULL, NULL },
};

/* Behind each of these a careless peer sees the end of the message and commands. */
static const struct dialogue smuggling[] = {
	{ "LF.LF", TEXT(TO "DATA\r\nx\n.\nMAIL FROM:<evil@b>\r\n"), TO_REPLY LONE_CLOSED,
	  "discard\n", NULL },
	{ "LF.CRLF", TEXT(TO "DATA\r\nx\n.\r\nMAIL FROM:<evil@b>\r\n"), TO_REPLY LONE_CLOSED,
	  "discard\n", NULL },
	{ "CRLF.LF", TEXT(TO "DATA\r\nx\r\n.\nMAIL FROM:<evil@b>\r\n"), TO_REPLY LONE_CLOSED,
	  "discard\n", NULL },
	{ "CR.CR", TEXT(TO "DATA\r\nx\r.\rMAIL FROM:<evil@b>\r\n"), TO_REPLY LONE_CLOSED,
	  "discard\n", NULL },
	{ "CR.CRLF", TEXT(TO "DATA\r\nx\r.\r\nMAIL FROM:<evil@b>\r\n"), TO_REPLY LONE_CLOSED,
	  "discard\n", NULL },
	{ "CRLF.CR", TEXT(TO "DATA\r\nx\r\n.\rMAIL FROM:<evil@b>\r\n"), TO_REPLY LONE_CLOSED,
	  "discard\n", NULL },
	{ "CRCRLF.CRLF", TEXT(TO "DATA\r\nx\r\r\n.\r\n"), TO_REPLY LONE_CLOSED, "discard\n", NULL },
	{ "CRLF.CRCRLF", TEXT(TO "DATA\r\nx\r\n.\r\r\n"), TO_REPLY LONE_CLOSED, "discard\n", NULL },
	{ "LF first", TEXT(TO "DATA\r\n\n.\r\n"), TO_REPLY LONE_CLOSED, "discard\n", NULL },
	{ "LF in a line", TEXT(TO "DATA\r\na\nb\r\n.\r\n"), TO_REPLY LONE_CLOSED, "discard\n",
	  NULL },
	{ "LFCR.CRLF", TEXT(TO "DATA\r\na\n\r.\r\n"), TO_REPLY LONE_CLOSED, "discard\n", NULL },
	{ "NUL behind the dot", TEXT(TO "DATA\r\na\r\n.\0\r\nMAIL FROM:<evil@b>\r\n.\r\nNOOP\r\n"),
	  TO_REPLY START_DATA "554 5.6.0 NUL needs BODY=BINARYMIME\r\n250 2.0.0 Ok\r\n",
	  "discard\n", NULL },
	{ "NUL before the dot", TEXT(TO "DATA\r\na\r\n\0.\r\nMAIL FROM:<evil@b>\r\n.\r\nNOOP\r\n"),
	  TO_REPLY START_DATA "554 5.6.0 NUL needs BODY=BINARYMIME\r\n250 2.0.0 Ok\r\n",
	  "discard\n", NULL },
	{ "NUL in CRLF", TEXT(TO "DATA\r\na\r\0\n.\r\n"), TO_REPLY LONE_CLOSED, "discard\n", NULL },
};

static const struct dialogue limits[] = {
	{ "exactly the size", TEXT(TO "DATA\r\n" X10(X100) ".\r\n"), TO_REPLY START_DATA TAKEN,
	  NULL, NULL },
	{ "one more", TEXT(TO "DATA\r\n" X10(X100) "..\r\n.\r\nNOOP\r\n"),
	  TO_REPLY START_DATA "552 5.3.4 Message too big\r\n250 2.0.0 Ok\r\n", "discard\n", NULL },
	{ "flood", TEXT(TO "DATA\r\n" X10(X10(X100)) X10(X100) ".\r\nNOOP\r\n"),
	  TO_REPLY START_DATA "552 5.3.4 Message far too big\r\n" CLOSED, "discard\n", NULL },
	{ "session",
	  TEXT(TO "DATA\r\n0123456789\r\n.\r\n" FROM(
		  "a") "DATA\r\n0123456789 0123456789 01234\r\n.\r\n" FROM("a")),
	  GREETING EHLO_BARE TWO_OK START_DATA TAKEN TWO_OK START_DATA
	  "552 5.3.4 Too much mail in this session\r\n552 5.3.4 Too much mail in this session\r\n"
	  "503 5.5.1 Send MAIL first\r\n",
	  HEADLESS "0123456789\r\ndiscard\n", &small_session },
	{ "session flood", TEXT(TO "DATA\r\n" X10(X100) ".\r\nNOOP\r\n"),
	  GREETING EHLO_BARE TWO_OK START_DATA "552 5.3.4 Message far too big\r\n" CLOSED,
	  "discard\n", &small_session },
	{ "two hops", TEXT(TO "DATA\r\nReceived: 1\r\nRECEIVED : 2\r\n\r\nReceived: x\r\n.\r\n"),
	  TO_REPLY START_DATA TAKEN, NULL, NULL },
	{ "three hops",
	  TEXT(TO "DATA\r\nReceived: 1\r\nX: y\r\n z\r\nReceived: 2\r\nreceived: 3\r\n.\r\n"),
	  TO_REPLY START_DATA "554 5.4.6 Too many hops, mail loop\r\n", "discard\n", NULL },
};

static const struct dialogue outcomes[] = {
	{ "no place", TEXT("EHLO c\r\n" FROM("nospool") "DATA\r\nMAIL FROM:<a@b>\r\n"),
	  GREETING EHLO_PLAIN TWO_OK "452 4.3.1 Disk full\r\n250 2.1.0 Sender ok\r\n", "discard\n",
	  NULL },
	{ "disk full", TEXT("EHLO c\r\n" FROM("diskfull") "DATA\r\nx\r\n.\r\nNOOP\r\n"),
	  GREETING EHLO_PLAIN TWO_OK START_DATA
	  "452 4.3.1 Cannot store the message now\r\n250 2.0.0 Ok\r\n",
	  "discard\n", NULL },
	{ "commit fails",
	  TEXT("EHLO c\r\n" FROM("nocommit") "DATA\r\n.\r\n" FROM("rejected") "DATA\r\n.\r\n"),
	  GREETING EHLO_PLAIN TWO_OK START_DATA LATER TWO_OK START_DATA
	  "554 5.3.0 Message refused\r\n",
	  NULL, NULL },
	{ "name from the owner", TEXT("EHLO c\r\n" FROM("named") "DATA\r\n.\r\n"),
	  GREETING EHLO_PLAIN TWO_OK START_DATA "250 2.0.0 Ok: id=7\r\n", NULL, NULL },
};

static const struct dialogue bdat[] = {
	{ "one chunk", TEXT(TO "BDAT 6 LAST\r\n.\r\n.\r\nNOOP\r\n"),
	  TO_REPLY TAKEN "250 2.0.0 Ok\r\n", HEADLESS ".\r\n.\r\n", NULL },
	{ "dots stay", TEXT(TO "BDAT 6 last\r\n..\r\n..NOOP\r\n"),
	  TO_REPLY TAKEN "250 2.0.0 Ok\r\n", HEADLESS "..\r\n..\r\n", NULL },
	{ "three chunks", TEXT(TO "BDAT 6\r\nab: c\rBDAT 3\r\n\nd:BDAT 0 LAST\r\nNOOP\r\n"),
	  TO_REPLY "250 2.0.0 6 octets received\r\n250 2.0.0 9 octets received\r\n" TAKEN
		   "250 2.0.0 Ok\r\n",
	  COMMIT "ab: c\r\nd:\r\n", NULL },
	{ "empty", TEXT(TO "BDAT 0 LAST\r\nNOOP\r\n"), TO_REPLY TAKEN "250 2.0.0 Ok\r\n", COMMIT,
	  NULL },
	{ "lone LF", TEXT(TO "BDAT 4\r\na\nb\nBDAT 3 LAST\r\n1\r\nNOOP\r\n"),
	  TO_REPLY "250 2.0.0 4 octets received\r\n" LONE "250 2.0.0 Ok\r\n", "discard\n", NULL },
	{ "lone CR at the end", TEXT(TO "BDAT 2 LAST\r\na\rNOOP\r\n"),
	  TO_REPLY LONE "250 2.0.0 Ok\r\n", "discard\n", NULL },
	{ "NUL", TEXT(TO "BDAT 2 LAST\r\na\0NOOP\r\n"),
	  TO_REPLY "554 5.6.0 NUL needs BODY=BINARYMIME\r\n250 2.0.0 Ok\r\n", "discard\n", NULL },
	{ "without recipients",
	  TEXT("EHLO c\r\nBDAT 6\r\nQUIT\r\nMAIL FROM:<a@b>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n"),
	  GREETING EHLO_PLAIN "503 5.5.1 Send MAIL first\r\n250 2.1.0 Sender ok\r\n"
			      "554 5.5.1 No valid recipients\r\n250 2.0.0 Ok\r\n",
	  "", NULL },
	{ "syntax", TEXT(TO "BDAT\r\nBDAT x\r\nNOOP\r\n"),
	  TO_REPLY
	  "501 5.5.4 Syntax: BDAT size [LAST]\r\n501 5.5.4 Syntax: BDAT size [LAST]\r\n" CLOSED,
	  "discard\n", NULL },
	{ "syntax of LAST", TEXT(TO "BDAT 3 FIRST\r\nNOOP\r\n"),
	  TO_REPLY "501 5.5.4 Syntax: BDAT size [LAST]\r\n" CLOSED, "discard\n", NULL },
	{ "size overflow", TEXT(TO "BDAT 99999999999999999999999\r\n"),
	  TO_REPLY "501 5.5.4 Syntax: BDAT size [LAST]\r\n" CLOSED, "discard\n", NULL },
	{ "between chunks",
	  TEXT(TO "BDAT 1\r\nxMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nNOOP\r\nRSET\r\n"
		  "BDAT 4 LAST\r\nQUITNOOP\r\n"),
	  TO_REPLY "250 2.0.0 1 octets received\r\n503 5.5.1 Send BDAT or RSET\r\n"
		   "503 5.5.1 Send BDAT or RSET\r\n503 5.5.1 Send BDAT or RSET\r\n250 2.0.0 Ok\r\n"
		   "250 2.0.0 Ok\r\n503 5.5.1 Send MAIL first\r\n250 2.0.0 Ok\r\n",
	  "discard\n", NULL },
	{ "no place",
	  TEXT("EHLO c\r\n" FROM("nospool") "BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n"),
	  GREETING EHLO_PLAIN TWO_OK
	  "452 4.3.1 Disk full\r\n503 5.5.1 Send MAIL first\r\n250 2.0.0 Ok\r\n",
	  "discard\n", NULL },
	{ "too big at once", TEXT(TO "BDAT 1001 LAST\r\n" X10(X100) "xNOOP\r\n"),
	  TO_REPLY "552 5.3.4 Message too big\r\n250 2.0.0 Ok\r\n", "discard\n", NULL },
	{ "too big together", TEXT(TO "BDAT 1000\r\n" X10(X100) "BDAT 1 LAST\r\nxNOOP\r\n"),
	  TO_REPLY
	  "250 2.0.0 1000 octets received\r\n552 5.3.4 Message too big\r\n250 2.0.0 Ok\r\n",
	  "discard\n", NULL },
	{ "far too big", TEXT(TO "BDAT 18446744073709551615\r\nxxxx"),
	  TO_REPLY "552 5.3.4 Message far too big\r\n" CLOSED, "discard\n", NULL },
	{ "after DATA", TEXT(TO "DATA\r\n1\r\n.\r\n" FROM("a") "BDAT 3 LAST\r\n2\r\nNOOP\r\n"),
	  TO_REPLY START_DATA TAKEN TWO_OK TAKEN "250 2.0.0 Ok\r\n",
	  HEADLESS "1\r\n" HEADLESS "2\r\n", NULL },
};

static const struct dialogue binary[] = {
	{ "anything goes",
	  TEXT("EHLO c\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<x@y>\r\nDATA\r\n"
	       "BDAT 4\r\n\n\r\r.BDAT 5 LAST\r\n\r.\n\n\rNOOP\r\n"),
	  TO_REPLY "503 5.5.1 BINARYMIME needs BDAT\r\n250 2.0.0 4 octets received\r\n" TAKEN
		   "250 2.0.0 Ok\r\n",
	  "commit <a@b> size=0 body=2 utf8=0 ret=0 envid=\n" RECIPIENT "\r\n"
	  "\n\r\r.\r.\n\n\r\r\n",
	  NULL },
};

#define GROUP(name)                                                                                \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		PLAY_ALL(name);                                                                    \
	}
GROUP(data)
GROUP(smuggling)
GROUP(limits)
GROUP(outcomes)
GROUP(bdat)
GROUP(binary)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),   cmocka_unit_test(test_smuggling),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_bdat),   cmocka_unit_test(test_binary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
