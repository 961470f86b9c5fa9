/* SPDX-License-Identifier: ISC */
/* Greeting, EHLO, HELO, STARTTLS, the order of commands, limits of lines and errors. */
#include "smtp_owner.h"

#define X10(t)   t t t t t t t t t t
#define X100(t)  X10(X10(t))
#define X1000(t) X10(X100(t))

static const struct smtp_profile strict_profile = {
	.fqdn = "mx.corp.example",
	.bad_commands = 3,
	.anonymous = true,
};
static const struct smtp_profile bare_profile = {
	.fqdn = "mx.corp.example",
	.anonymous = true,
};
static const struct dialogue hello[] = {
	{ "ehlo", TEXT("EHLO client.example\r\nQUIT\r\n"),
	  GREETING EHLO_PLAIN "221 2.0.0 Bye\r\n" CLOSED, "", NULL },
	{ "lower case and spaces", TEXT("ehlo   client.example  \r\nquit \r\n"),
	  GREETING EHLO_PLAIN "221 2.0.0 Bye\r\n" CLOSED, "", NULL },
	{ "helo", TEXT("HELO client.example\r\n"), GREETING "250 mx.corp.example\r\n", "", NULL },
	{ "no name", TEXT("EHLO\r\nHELO \r\n"),
	  GREETING "501 Syntax: EHLO host-name\r\n501 Syntax: HELO host-name\r\n", "", NULL },
	{ "odd names",
	  TEXT("EHLO [192.0.2.9]\r\nEHLO under_score\r\nHELO a b\r\nHELO m\xc3\xbc\r\n"),
	  GREETING EHLO_PLAIN EHLO_PLAIN "250 mx.corp.example\r\n250 mx.corp.example\r\n", "",
	  NULL },
	{ "name too long", TEXT("EHLO " X100("abc") "\r\n"),
	  GREETING "501 Syntax: EHLO host-name\r\n", "", NULL },
	{ "nothing offered", TEXT("EHLO c\r\nSTARTTLS\r\nAUTH PLAIN\r\n"),
	  GREETING EHLO_BARE "502 5.5.1 STARTTLS not offered\r\n503 5.5.1 AUTH not offered\r\n", "",
	  &bare_profile },
	{ "ehlo ends a transaction",
	  TEXT("EHLO c\r\nMAIL FROM:<a@b.example>\r\nEHLO c\r\nRCPT TO:<x@y.example>\r\n"),
	  GREETING EHLO_PLAIN "250 2.1.0 Sender ok\r\n" EHLO_PLAIN "503 5.5.1 Send MAIL first\r\n",
	  "discard\n", NULL },
};

static const struct dialogue starttls[] = {
	{ "starttls", TEXT("EHLO c\r\nSTARTTLS\r\n\001EHLO c\r\nSTARTTLS\r\n"),
	  GREETING EHLO_PLAIN "220 2.0.0 Ready to start TLS\r\n" EHLO_TLS
			      "503 5.5.1 TLS is on already\r\n",
	  "", NULL },
	{ "what came with it is thrown away",
	  TEXT("EHLO c\r\nSTARTTLS\r\nEHLO evil\r\nMAIL FROM:<a@b.example>\r\n\001NOOP\r\n"),
	  GREETING EHLO_PLAIN "220 2.0.0 Ready to start TLS\r\n250 2.0.0 Ok\r\n", "", NULL },
	{ "ehlo needed again", TEXT("EHLO c\r\nSTARTTLS\r\n\001MAIL FROM:<a@b.example>\r\n"),
	  GREETING EHLO_PLAIN "220 2.0.0 Ready to start TLS\r\n503 5.5.1 Send EHLO first\r\n", "",
	  NULL },
	{ "with argument", TEXT("EHLO c\r\nSTARTTLS now\r\nNOOP\r\n"),
	  GREETING EHLO_PLAIN "501 5.5.4 Syntax: STARTTLS\r\n250 2.0.0 Ok\r\n", "", NULL },
	{ "before ehlo", TEXT("STARTTLS\r\n"), GREETING "503 5.5.1 Send EHLO first\r\n", "", NULL },
	{ "in a transaction", TEXT("EHLO c\r\nMAIL FROM:<a@b.example>\r\nSTARTTLS\r\n"),
	  GREETING EHLO_PLAIN "250 2.1.0 Sender ok\r\n"
			      "503 5.5.1 STARTTLS not allowed in a mail transaction\r\n",
	  "", NULL },
};

static const struct dialogue verbs[] = {
	{ "without state",
	  TEXT("NOOP\r\nNOOP anything\r\nRSET\r\nHELP\r\nHELP MAIL\r\nVRFY bob\r\n"),
	  GREETING "250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n"
		   "214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT AUTH STARTTLS "
		   "VRFY HELP\r\n"
		   "214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT AUTH STARTTLS "
		   "VRFY HELP\r\n252 2.0.0 Cannot verify, send some mail and see\r\n",
	  "", NULL },
	{ "not supported", TEXT("EXPN l\r\nEHLO c\r\nETRN x\r\nTURN\r\nATRN\r\nSEND\r\nSOML\r\nSAML\r\n"),
	  GREETING "502 5.5.1 Command not supported\r\n" EHLO_PLAIN
		   "502 5.5.1 Command not supported\r\n"
		   "502 5.5.1 Command not supported\r\n502 5.5.1 Command not supported\r\n"
		   "502 5.5.1 Command not supported\r\n502 5.5.1 Command not supported\r\n"
		   "502 5.5.1 Command not supported\r\n",
	  "", NULL },
	{ "unknown", TEXT("FROB\r\n\r\n  \r\nMAILFROM:<a@b>\r\n"),
	  GREETING "500 5.5.2 Command not recognised\r\n500 5.5.2 Command not recognised\r\n"
		   "500 5.5.2 Command not recognised\r\n500 5.5.2 Command not recognised\r\n",
	  "", NULL },
	{ "arguments", TEXT("RSET now\r\nQUIT now\r\nVRFY\r\nEHLO c\r\nAUTH\r\nMAIL\r\n"),
	  GREETING "501 5.5.4 Syntax: RSET\r\n501 5.5.4 Syntax: QUIT\r\n"
		   "501 5.5.4 Syntax: VRFY address\r\n" EHLO_PLAIN
		   "501 5.5.4 Syntax: AUTH mechanism\r\n501 5.5.4 Syntax: MAIL FROM:<address>\r\n",
	  "", NULL },
	{ "before ehlo",
	  TEXT("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nAUTH PLAIN\r\nBDAT 4\r\nNOOP"
	       "RSET\r\n"),
	  GREETING "503 5.5.1 Send EHLO first\r\n503 5.5.1 Send EHLO first\r\n"
		   "503 5.5.1 Send EHLO first\r\n503 5.5.1 Send EHLO first\r\n"
		   "503 5.5.1 Send MAIL first\r\n250 2.0.0 Ok\r\n",
	  "", NULL },
	{ "without mail", TEXT("EHLO c\r\nRCPT TO:<a@b>\r\nDATA\r\n"),
	  GREETING EHLO_PLAIN "503 5.5.1 Send MAIL first\r\n503 5.5.1 Send MAIL first\r\n", "",
	  NULL },
	{ "web browser", TEXT("POST / HTTP/1.1\r\nHost: mx\r\n\r\nEHLO c\r\n"),
	  GREETING "500 5.5.1 This is an SMTP server\r\n" CLOSED, "", NULL },
	{ "input behind quit", TEXT("QUIT\r\nNOOP\r\n"), GREETING "221 2.0.0 Bye\r\n" CLOSED, "",
	  NULL },
	{ "quit in a transaction", TEXT("HELO c\r\nMAIL FROM:<>\r\nQUIT\r\n"),
	  GREETING "250 mx.corp.example\r\n250 2.1.0 Sender ok\r\n221 2.0.0 Bye\r\n" CLOSED,
	  "discard\n", NULL },
};

static const struct dialogue lines[] = {
	{ "control characters",
	  TEXT("NOOP \b\r\nNO\0OP\r\nNOOP\t\r\nNOOP\r\rRSET\r\nNOOP \177\r\n"),
	  GREETING "500 5.5.2 Control characters in command\r\n"
		   "500 5.5.2 Control characters in command\r\n"
		   "500 5.5.2 Control characters in command\r\n"
		   "500 5.5.2 Control characters in command\r\n"
		   "500 5.5.2 Control characters in command\r\n",
	  "", NULL },
	{ "bare LF", TEXT("NOOP\r\nNOOP\nNOOP\r\n"),
	  GREETING "250 2.0.0 Ok\r\n500 5.5.2 Lines must end with CR LF\r\n" CLOSED, "", NULL },
	{ "LF alone", TEXT("\n"), GREETING "500 5.5.2 Lines must end with CR LF\r\n" CLOSED, "",
	  NULL },
	{ "2048 octets", TEXT("NOOP " X1000("ab") X10("cccc") "d\r\nRSET\r\n"),
	  GREETING "250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n", "", NULL },
	{ "2049 octets", TEXT("NOOP " X1000("ab") X10("cccc") "de\r\nRSET\r\n"),
	  GREETING "500 5.5.2 Line too long\r\n250 2.0.0 Ok\r\n", "", NULL },
	{ "far too long", TEXT("NOOP " X10(X1000("ab\r")) "\n" X1000("x\n") "\r\nRSET\r\n"),
	  GREETING "500 5.5.2 Line too long\r\n500 5.5.2 Lines must end with CR LF\r\n" CLOSED, "",
	  NULL },
	{ "too long with bare LF", TEXT("NOOP " X1000("abc") "\n" X100("x\n") "y\r\nRSET\r\n"),
	  GREETING "500 5.5.2 Line too long\r\n250 2.0.0 Ok\r\n", "", NULL },
	{ "too many errors", TEXT("A\r\nB\r\nC\r\nD\r\n"),
	  GREETING "500 5.5.2 Command not recognised\r\n500 5.5.2 Command not recognised\r\n"
		   "500 5.5.2 Command not recognised\r\n"
		   "421 4.7.0 Too many errors, closing connection\r\n" CLOSED,
	  "", &strict_profile },
	{ "refused recipients are no errors",
	  TEXT("HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<perm@x>\r\nRCPT TO:<perm@x>\r\nRCPT "
	       "TO:<perm@x>\r\n"
	       "RCPT TO:<perm@x>\r\nNOOP\r\n"),
	  GREETING "250 mx.corp.example\r\n250 2.1.0 Sender ok\r\n550 5.1.1 Recipient refused\r\n"
		   "550 5.1.1 Recipient refused\r\n550 5.1.1 Recipient refused\r\n"
		   "550 5.1.1 Recipient refused\r\n250 2.0.0 Ok\r\n",
	  "", &strict_profile },
};

static void test_hello(void **state)
{
	(void)state;
	PLAY_ALL(hello);
}

static void test_starttls(void **state)
{
	(void)state;
	PLAY_ALL(starttls);
}

static void test_verbs(void **state)
{
	(void)state;
	PLAY_ALL(verbs);
}

static void test_lines(void **state)
{
	(void)state;
	PLAY_ALL(lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
