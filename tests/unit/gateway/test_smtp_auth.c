/* SPDX-License-Identifier: ISC */
#include "smtp_owner.h"

#define TLS         "EHLO c\r\nSTARTTLS\r\n\001EHLO c\r\n"
#define TLS_REPLY   GREETING EHLO_PLAIN "220 2.0.0 Ready to start TLS\r\n" EHLO_TLS
#define YES         "235 2.7.0 Authentication successful\r\n"
#define NO          "535 5.7.8 Authentication credentials invalid\r\n"
#define ALICE       "AGFsaWNlAHNlY3JldA==" /* NUL alice NUL secret */
#define ALICE_LOGIN "login PLAIN /alice/secret\n"
#define X10(t)      t t t t t t t t t t
#define X1000(t)    X10(X10(X10(t)))

static const struct smtp_profile submission = {
	.fqdn = "mx.corp.example",
	.default_domain = "corp.example",
	.basic = true,
	.basic_without_tls = true,
};
static const struct smtp_profile submission_tls = {
	.fqdn = "mx.corp.example",
	.default_domain = "corp.example",
	.basic = true,
	.starttls = true,
};
static const struct smtp_profile three_errors = {
	.fqdn = "mx.corp.example",
	.basic = true,
	.basic_without_tls = true,
	.bad_commands = 3,
};
#define EHLO_SUBMISSION BARE "250-AUTH PLAIN LOGIN\r\n250 HELP\r\n"
#define EHLO_SECURED    BARE "250-REQUIRETLS\r\n250-AUTH PLAIN LOGIN\r\n250 HELP\r\n"
#define EHLO_BARE_TLS   BARE "250-STARTTLS\r\n250 HELP\r\n"

static const struct dialogue plain[] = {
	{ "initial response",
	  TEXT(TLS "AUTH PLAIN " ALICE "\r\nAUTH PLAIN " ALICE "\r\nEHLO c\r\n"),
	  TLS_REPLY YES "503 5.5.1 Authenticated already\r\n" EHLO_AUTHED, ALICE_LOGIN, NULL },
	{ "challenge", TEXT(TLS "AUTH plain\r\n" ALICE "\r\n"), TLS_REPLY "334 \r\n" YES,
	  ALICE_LOGIN, NULL },
	{ "authorization identity", TEXT(TLS "AUTH PLAIN Ym9iAGFsaWNlAHNlY3JldA==\r\n"),
	  TLS_REPLY YES, "login PLAIN bob/alice/secret\n", NULL },
	{ "wrong password, then right",
	  TEXT(TLS "AUTH PLAIN AGFsaWNlAHdyb25n\r\nAUTH PLAIN " ALICE "\r\n"), TLS_REPLY NO YES,
	  "login PLAIN /alice/wrong\n" ALICE_LOGIN, NULL },
	{ "no password", TEXT(TLS "AUTH PLAIN AGFsaWNlAA==\r\n"), TLS_REPLY NO, "", NULL },
	{ "no name", TEXT(TLS "AUTH PLAIN AABzZWNyZXQ=\r\n"), TLS_REPLY NO, "", NULL },
	{ "empty response", TEXT(TLS "AUTH PLAIN =\r\n"),
	  TLS_REPLY "501 5.5.2 Cannot decode the response\r\n", "", NULL },
	{ "one NUL", TEXT(TLS "AUTH PLAIN AGFsaWNl\r\n"),
	  TLS_REPLY "501 5.5.2 Cannot decode the response\r\n", "", NULL },
	{ "three NULs", TEXT(TLS "AUTH PLAIN AGFsaWNlAHMAcg==\r\n"),
	  TLS_REPLY "501 5.5.2 Cannot decode the response\r\n", "", NULL },
	{ "bad base64",
	  TEXT(TLS "AUTH PLAIN !!!!\r\nAUTH PLAIN AGFs aWNl\r\nAUTH PLAIN\r\nAGF\r\n"),
	  TLS_REPLY "501 5.5.2 Cannot decode the response\r\n"
		    "501 5.5.2 Cannot decode the response\r\n334 \r\n"
		    "501 5.5.2 Cannot decode the response\r\n",
	  "", NULL },
	{ "directory down", TEXT(TLS "AUTH PLAIN AGRvd24AcHc=\r\n"),
	  TLS_REPLY "454 4.7.0 Temporary authentication failure\r\n", "login PLAIN /down/pw\n",
	  NULL },
	{ "expired", TEXT(TLS "AUTH PLAIN AGV4cGlyZWQAcHc=\r\n"),
	  TLS_REPLY "535 5.7.8 Password expired\r\n", "login PLAIN /expired/pw\n", NULL },
	{ "long response",
	  TEXT(TLS "AUTH PLAIN " X1000("AAAA") "\r\nAUTH PLAIN\r\n" X1000("AAAAAAAAAA") "AAAA\r\n"),
	  TLS_REPLY "501 5.5.2 Cannot decode the response\r\n334 \r\n"
		    "501 5.5.2 Cannot decode the response\r\n",
	  "", NULL },
	{ "too long response", TEXT(TLS "AUTH PLAIN\r\n" X1000("AAAAAAAAAAAAAAAA") "\r\nRSET\r\n"),
	  TLS_REPLY
	  "334 \r\n500 5.5.6 Authentication exchange line is too long\r\n250 2.0.0 Ok\r\n",
	  "", NULL },
};

static const struct dialogue login[] = {
	{ "challenges", TEXT(TLS "AUTH LOGIN\r\nYWxpY2U=\r\nc2VjcmV0\r\n"),
	  TLS_REPLY "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n" YES, "login LOGIN /alice/secret\n",
	  NULL },
	{ "initial response", TEXT(TLS "AUTH LOGIN YWxpY2U=\r\nc2VjcmV0\r\n"),
	  TLS_REPLY "334 UGFzc3dvcmQ6\r\n" YES, "login LOGIN /alice/secret\n", NULL },
	{ "cancelled", TEXT(TLS "AUTH LOGIN\r\n*\r\nAUTH LOGIN\r\nYWxpY2U=\r\n*\r\nNOOP\r\n"),
	  TLS_REPLY "334 VXNlcm5hbWU6\r\n501 5.7.0 Authentication cancelled\r\n334 VXNlcm5hbWU6\r\n"
		    "334 UGFzc3dvcmQ6\r\n501 5.7.0 Authentication cancelled\r\n250 2.0.0 Ok\r\n",
	  "", NULL },
	{ "empty name", TEXT(TLS "AUTH LOGIN =\r\nc2VjcmV0\r\n"),
	  TLS_REPLY "334 UGFzc3dvcmQ6\r\n" NO, "", NULL },
	{ "empty password", TEXT(TLS "AUTH LOGIN YWxpY2U=\r\n\r\n"),
	  TLS_REPLY "334 UGFzc3dvcmQ6\r\n" NO, "", NULL },
	{ "NUL inside", TEXT(TLS "AUTH LOGIN YWwAaWNl\r\n"),
	  TLS_REPLY "501 5.5.2 Cannot decode the response\r\n", "", NULL },
	{ "bare LF", TEXT(TLS "AUTH LOGIN\r\nYWxpY2U=\nNOOP\r\n"),
	  TLS_REPLY "334 VXNlcm5hbWU6\r\n500 5.5.2 Lines must end with CR LF\r\n" CLOSED, "",
	  NULL },
};

static const struct dialogue rules[] = {
	{ "not without TLS", TEXT("EHLO c\r\nAUTH PLAIN " ALICE "\r\nAUTH LOGIN\r\n"),
	  GREETING EHLO_PLAIN "538 5.7.11 Encryption required for this mechanism\r\n"
			      "538 5.7.11 Encryption required for this mechanism\r\n",
	  "", NULL },
	{ "unknown mechanism", TEXT(TLS "AUTH FOO\r\nAUTH CRAM-MD5\r\nAUTH PLAINX\r\n"),
	  TLS_REPLY "504 5.5.4 Mechanism not supported\r\n504 5.5.4 Mechanism not supported\r\n"
		    "504 5.5.4 Mechanism not supported\r\n",
	  "", NULL },
	{ "in a transaction", TEXT(TLS "MAIL FROM:<a@b.example>\r\nAUTH PLAIN " ALICE "\r\n"),
	  TLS_REPLY "250 2.1.0 Sender ok\r\n503 5.5.1 AUTH not allowed in a mail transaction\r\n",
	  "", NULL },
	{ "required",
	  TEXT("EHLO c\r\nMAIL FROM:<a@b>\r\nAUTH PLAIN " ALICE "\r\nMAIL FROM:<a@b>\r\n"),
	  GREETING EHLO_SUBMISSION "530 5.7.0 Authentication required\r\n" YES
				   "250 2.1.0 Sender ok\r\n",
	  NULL, &submission },
	{ "nothing else needs it",
	  TEXT("EHLO c\r\nRSET\r\nVRFY x\r\nRCPT TO:<x@y>\r\nBDAT 4\r\nQUIT"
	       "QUIT\r\n"),
	  GREETING EHLO_SUBMISSION
	  "250 2.0.0 Ok\r\n252 2.0.0 Cannot verify, send some mail and see\r\n"
	  "503 5.5.1 Send MAIL first\r\n503 5.5.1 Send MAIL first\r\n"
	  "221 2.0.0 Bye\r\n" CLOSED,
	  "", &submission },
	{ "submission inside TLS",
	  TEXT("EHLO c\r\nSTARTTLS\r\n\001EHLO c\r\nMAIL FROM:<a@b>\r\nAUTH PLAIN " ALICE
	       "\r\nEHLO d\r\nMAIL FROM:<a@b>\r\n"),
	  GREETING EHLO_BARE_TLS "220 2.0.0 Ready to start TLS\r\n" EHLO_SECURED
				 "530 5.7.0 Authentication required\r\n" YES BARE
				 "250-REQUIRETLS\r\n250 HELP\r\n250 2.1.0 Sender ok\r\n",
	  NULL, &submission_tls },
	{ "ehlo keeps the identity",
	  TEXT("EHLO c\r\nAUTH PLAIN " ALICE "\r\nEHLO d\r\nRSET\r\n"
	       "MAIL FROM:<a@b>\r\n"),
	  GREETING EHLO_SUBMISSION YES EHLO_BARE "250 2.0.0 Ok\r\n250 2.1.0 Sender ok\r\n", NULL,
	  &submission },
	{ "guesses are counted",
	  TEXT("EHLO c\r\nAUTH PLAIN AGFsaWNlADE=\r\nAUTH PLAIN AGFsaWNlADI=\r\nAUTH PLAIN "
	       "AGFsaWNlADM=\r\n"
	       "AUTH PLAIN " ALICE "\r\n"),
	  GREETING EHLO_SUBMISSION NO NO NO
	  "421 4.7.0 Too many errors, closing connection\r\n" CLOSED,
	  "login PLAIN /alice/1\nlogin PLAIN /alice/2\nlogin PLAIN /alice/3\n", &three_errors },
};

static void test_plain(void **state)
{
	(void)state;
	PLAY_ALL(plain);
}

static void test_login(void **state)
{
	(void)state;
	PLAY_ALL(login);
}

static void test_rules(void **state)
{
	(void)state;
	PLAY_ALL(rules);
}

/* Whatever a client does wrong around AUTH, no note may show what it typed as a secret. */
static void test_no_credential_in_notes(void **state)
{
	static const char input[] =
		"EHLO c\r\nAUTH LOGIN\r\nYWxpY2U=\r\nc2VjcmV0\r\n"
		"AUTH PLAIN " ALICE "\r\n" ALICE "\r\nsecret\r\n"
		"AUTH secret " ALICE "\r\n\001EHLO c\r\nSTARTTLS\r\n\001EHLO c\r\n"
		"AUTH LOGIN\r\nYWxpY2U=\r\nc2VjcmV\r\nc2VjcmV0\r\n"
		"AUTH PLAIN " ALICE "x\r\nAUTH PLAIN AGFsaWNlAHNlY3JldDE=\r\n"
		"AUTH PLAIN AGFsaWNlAA==\r\nAUTH PLAIN AABzZWNyZXQ=\r\n"
		"AUTH PLAIN " ALICE "\r\n";
	struct owner owner;
	char *notes;

	(void)state;
	owner_init(&owner, NULL);
	owner_play(&owner, input, sizeof(input) - 1, sizeof(input));
	notes = strndup(buffer_bytes(&owner.notes), buffer_used(&owner.notes));
	assert_non_null(notes);
	assert_null(strstr(notes, "secret"));
	assert_null(strstr(notes, "c2Vjc"));
	assert_null(strstr(notes, "NlY3JldA"));
	assert_non_null(strstr(notes, "smtp.auth alice|235 2.7.0 Authentication successful\n"));
	assert_non_null(strstr(notes, "smtp.refused alice|535 5.7.8 "));
	assert_non_null(strstr(notes, "smtp.refused alice: empty password|535 5.7.8 "));
	assert_non_null(strstr(notes, "smtp.refused : empty user name|535 5.7.8 "));
	assert_string_equal(smtp_server_identity(owner.server), "alice@corp.example");
	free(notes);
	owner_clear(&owner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_no_credential_in_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
