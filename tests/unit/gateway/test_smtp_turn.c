/* SPDX-License-Identifier: ISC */
/* ETRN, ATRN and REQUIRETLS: who asks for what waits, and for what his mail shall not do without.
 */
#include "smtp_owner.h"

#define ALICE "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"
#define LOGIN "login PLAIN /alice/secret\n"
#define YES   "235 2.7.0 Authentication successful\r\n"
#define START "EHLO c\r\n"
#define TOLD  GREETING BARE "250-ETRN\r\n250-ATRN\r\n250-AUTH PLAIN LOGIN\r\n250 HELP\r\n"
#define SECURED                                                                                    \
	GREETING BARE "250-STARTTLS\r\n250 HELP\r\n220 2.0.0 Ready to start TLS\r\n" BARE          \
		      "250-REQUIRETLS\r\n250 HELP\r\n"

static const struct smtp_profile waits = {
	.fqdn = "mx.corp.example",
	.basic = true,
	.basic_without_tls = true,
	.anonymous = true,
	.etrn = true,
	.atrn = true,
};
static const struct smtp_profile no_atrn = {
	.fqdn = "mx.corp.example",
	.anonymous = true,
	.etrn = true,
};
static const struct smtp_profile tls = {
	.fqdn = "mx.corp.example",
	.anonymous = true,
	.starttls = true,
};

static const struct dialogue etrn[] = {
	{ "answers",
	  TEXT(START "ETRN A.example\r\netrn none.example\r\nETRN three.example\r\n"
		     "ETRN other.example\r\nETRN down.example\r\nETRN @a.example\r\nNOOP\r\n"),
	  TOLD "250 2.0.0 Ok: queuing started\r\n251 2.0.0 No messages waiting\r\n"
	       "253 2.0.0 3 pending messages\r\n459 4.7.1 Node not allowed\r\n"
	       "458 4.3.0 Unable to queue messages\r\n250 2.0.0 Ok: queuing started\r\n"
	       "250 2.0.0 Ok\r\n",
	  "release a.example\nrelease none.example\nrelease three.example\nrelease other.example\n"
	  "release down.example\nrelease below a.example\n",
	  &waits },
	{ "syntax", TEXT(START "ETRN\r\nETRN #queue\r\nETRN a b\r\nETRN a..b\r\nETRN @\r\n"),
	  TOLD "501 5.5.4 Syntax: ETRN [@]domain\r\n501 5.5.4 Syntax: ETRN [@]domain\r\n"
	       "501 5.5.4 Syntax: ETRN [@]domain\r\n501 5.5.4 Syntax: ETRN [@]domain\r\n"
	       "501 5.5.4 Syntax: ETRN [@]domain\r\n",
	  "", &waits },
	{ "order", TEXT("ETRN a.example\r\n" START "MAIL FROM:<a@b>\r\nETRN a.example\r\n"),
	  GREETING "503 5.5.1 Send EHLO first\r\n" BARE
		   "250-ETRN\r\n250 HELP\r\n250 2.1.0 Sender ok\r\n"
		   "503 5.5.1 ETRN not allowed in a mail transaction\r\n",
	  "", &no_atrn },
	{ "ATRN not there", TEXT(START "ATRN a.example\r\n"),
	  GREETING BARE "250-ETRN\r\n250 HELP\r\n502 5.5.1 Command not supported\r\n", "",
	  &no_atrn },
};

static const struct dialogue atrn[] = {
	{ "without a login", TEXT(START "ATRN\r\n"), TOLD "530 5.7.0 Authentication required\r\n",
	  "", &waits },
	{ "all", TEXT(START ALICE "ATRN\r\n"),
	  TOLD YES "250 2.0.0 OK now reversing the connection\r\n" TURNED, LOGIN "turn? \n",
	  &waits },
	{ "one, and what comes behind is not heard",
	  TEXT(START ALICE "ATRN a.example,B.example\r\nMAIL FROM:<a@b>\r\n"),
	  TOLD YES "250 2.0.0 OK now reversing the connection\r\n" TURNED,
	  LOGIN "turn? a.example,b.example\n", &waits },
	{ "refused, empty, down",
	  TEXT(START ALICE "ATRN other.example\r\nATRN none.example\r\nATRN down.example\r\n"),
	  TOLD YES "450 4.7.1 ATRN request refused\r\n453 4.0.0 You have no mail\r\n"
		   "451 4.3.0 Unable to process ATRN now\r\n",
	  LOGIN "turn? other.example\nturn? none.example\nturn? down.example\n", &waits },
	{ "syntax", TEXT(START ALICE "ATRN a..b\r\nATRN a,,b\r\n"),
	  TOLD YES "501 5.5.4 Syntax: ATRN [domain,...]\r\n501 5.5.4 Syntax: ATRN [domain,...]\r\n",
	  LOGIN, &waits },
	{ "in a transaction", TEXT(START ALICE "MAIL FROM:<a@b>\r\nATRN\r\n"),
	  TOLD YES "250 2.1.0 Sender ok\r\n503 5.5.1 ATRN not allowed in a mail transaction\r\n",
	  LOGIN, &waits },
};

static const struct dialogue requiretls[] = {
	{ "in TLS",
	  TEXT(START "STARTTLS\r\n\001" START "MAIL FROM:<a@b> REQUIRETLS\r\nRCPT TO:<x@y>\r\n"
		     "DATA\r\n.\r\n"),
	  SECURED "250 2.1.0 Sender ok\r\n250 2.1.5 Recipient ok\r\n" START_DATA TAKEN, NULL,
	  &tls },
	{ "in the clear", TEXT(START "MAIL FROM:<a@b> REQUIRETLS\r\n"),
	  GREETING BARE "250-STARTTLS\r\n250 HELP\r\n555 5.5.4 REQUIRETLS needs TLS\r\n", "",
	  &tls },
	{ "twice, and with a value",
	  TEXT(START "STARTTLS\r\n\001" START "MAIL FROM:<a@b> REQUIRETLS REQUIRETLS\r\n"
		     "MAIL FROM:<a@b> REQUIRETLS=YES\r\n"),
	  SECURED "501 5.5.4 Bad parameter\r\n501 5.5.4 Bad parameter\r\n", "", &tls },
};

static void test_etrn(void **state)
{
	(void)state;
	PLAY_ALL(etrn);
}

static void test_atrn(void **state)
{
	(void)state;
	PLAY_ALL(atrn);
}

static void test_requiretls(void **state)
{
	struct owner owner;

	(void)state;
	PLAY_ALL(requiretls);
	owner_init(&owner, &tls);
	owner_play(&owner, requiretls[0].input.at, requiretls[0].input.length, 7);
	assert_non_null(strstr(buffer_bytes(&owner.events), "requiretls\n"));
	owner_clear(&owner);
}

/* The connection is the owner's: the engine is dead, and says nothing any more. */
static void test_turned(void **state)
{
	static const char input[] = START ALICE "ATRN\r\n";
	struct owner owner;

	(void)state;
	owner_init(&owner, &waits);
	owner_receive(&owner, input, sizeof(input) - 1);
	assert_true(owner.closed);
	buffer_clear(&owner.output);
	smtp_server_timeout(owner.server);
	smtp_server_refuse(owner.server, "closing");
	smtp_server_expel(owner.server);
	smtp_server_shutdown(owner.server);
	smtp_server_answer(owner.server, OUTCOME_OK, NULL);
	assert_false(smtp_server_waiting(owner.server));
	owner_receive(&owner, "220 hello\r\n", 11);
	assert_int_equal(buffer_used(&owner.output), 0);
	owner_clear(&owner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_etrn),
		cmocka_unit_test(test_atrn),
		cmocka_unit_test(test_requiretls),
		cmocka_unit_test(test_turned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
