/* SPDX-License-Identifier: ISC */
/* All commands, in and out of order. */
#include "tests/unit/pop3/dialogue.h"

#define NAMED    "USER alice\r\n"
#define LOGIN    NAMED "PASS Alice-Pw1\r\n"
#define WELCOME  "+OK Password please\r\n+OK Maildrop has 4 messages (177 octets)\r\n"
#define ASKED    "login USER |alice|Alice-Pw1;"
#define BYE      "+OK Bye\r\n<close>"
#define NO_TLS   "-ERR [AUTH] Passwords are taken over TLS only: use TLS first\r\n"
#define TLS_FIRST "-ERR [AUTH] Authentication is possible over TLS only: use TLS first\r\n"
#define FAILED   "-ERR [AUTH] Authentication failed\r\n"

/* clang-format off */
static const struct dialogue dialogues[] = {
	{ "quit at once", 0, "QUIT\r\n", BYE, NULL },
	{ "capa plain", 0, "CAPA\r\n", CAPA_HEAD "STLS\r\n" CAPA_TAIL, NULL },
	{ "capa plain, no stls", NOTLS, "CAPA\r\n", CAPA_HEAD CAPA_TAIL, NULL },
	{ "capa plain permitted", PLAIN, "CAPA\r\n",
	  CAPA_HEAD "USER\r\nSASL PLAIN LOGIN\r\nSTLS\r\n" CAPA_TAIL, NULL },
	{ "capa tls", TLS, "capa\r\n", CAPA_HEAD "USER\r\nSASL PLAIN LOGIN\r\n" CAPA_TAIL, NULL },
	{ "capa logged in", TLS, LOGIN "CAPA\r\n", WELCOME CAPA_HEAD CAPA_TAIL, ASKED },
	{ "capa after user", TLS, NAMED "CAPA\r\nPASS Alice-Pw1\r\n",
	  "+OK Password please\r\n" CAPA_HEAD "USER\r\nSASL PLAIN LOGIN\r\n" CAPA_TAIL
	  "+OK Maildrop has 4 messages (177 octets)\r\n", ASKED },
	{ "stls then login", 0, "CAPA\r\nSTLS\r\n\fCAPA\r\n" LOGIN "QUIT\r\n",
	  CAPA_HEAD "STLS\r\n" CAPA_TAIL "+OK Begin TLS\r\n<tls>"
	  CAPA_HEAD "USER\r\nSASL PLAIN LOGIN\r\n" CAPA_TAIL WELCOME BYE, ASKED },
	{ "stls forgets the name", PLAIN, NAMED "STLS\r\n\fPASS Alice-Pw1\r\n",
	  "+OK Password please\r\n+OK Begin TLS\r\n<tls>-ERR USER first\r\n", NULL },
	{ "stls twice", TLS, "STLS\r\n", "-ERR TLS is on already\r\n", NULL },
	{ "stls not offered", NOTLS, "STLS\r\n", "-ERR TLS is not offered here\r\n", NULL },
	{ "stls after login", PLAIN, LOGIN "STLS\r\n", WELCOME "-ERR Already logged in\r\n", ASKED },
	{ "stls argument", 0, "STLS now\r\n", "-ERR No argument is taken\r\n", NULL },

	{ "user without tls", 0, "USER alice\r\nPASS Alice-Pw1\r\n", NO_TLS "-ERR USER first\r\n", NULL },
	{ "auth without tls", 0, "AUTH PLAIN AGFsaWNlAEFsaWNlLVB3MQ==\r\nAUTH\r\n", NO_TLS TLS_FIRST, NULL },
	{ "user", TLS, LOGIN "QUIT\r\n", WELCOME BYE, ASKED },
	{ "user, lower case, bare lf", TLS, "user alice\npass Alice-Pw1\nquit\n", WELCOME BYE, ASKED },
	{ "domain and name", TLS, "USER CORP\\alice\r\nPASS Alice-Pw1\r\n", WELCOME,
	  "login USER |CORP\\alice|Alice-Pw1;" },
	{ "utf-8", TLS, "UTF8\r\nUSER j\xc3\xb6rg\r\nPASS gr\xc3\xbc\xc3\x9f\r\n", "+OK UTF8 enabled\r\n" WELCOME,
	  "login USER |j\xc3\xb6rg|gr\xc3\xbc\xc3\x9f;" },
	{ "latin-1", TLS, "USER j\xf6rg\r\n", "-ERR Control characters or invalid UTF-8 in a command\r\n", NULL },
	{ "utf8 logged in", TLS, LOGIN "UTF8\r\n", WELCOME "-ERR Already logged in\r\n", ASKED },
	{ "spaces in a password", TLS, NAMED "PASS  two  spaces \r\n", WELCOME, "login USER |alice| two  spaces ;" },
	{ "empty password", TLS, NAMED "PASS\r\nPASS x\r\n" NAMED "PASS \r\n",
	  "+OK Password please\r\n-ERR [AUTH] Empty password\r\n-ERR USER first\r\n"
	  "+OK Password please\r\n-ERR [AUTH] Empty password\r\n", NULL },
	{ "empty user", TLS, "USER\r\nUSER \r\n", "-ERR An argument is missing\r\n-ERR An argument is missing\r\n", NULL },
	{ "wrong password", TLS, NAMED "PASS wrong\r\n" LOGIN, "+OK Password please\r\n" FAILED WELCOME,
	  "login USER |alice|wrong;" ASKED },
	{ "in use", TLS, "USER busy\r\nPASS x\r\n",
	  "+OK Password please\r\n-ERR [IN-USE] Maildrop is in use by another session\r\n", "login USER |busy|x;" },
	{ "directory down", TLS, "USER down\r\nPASS x\r\n",
	  "+OK Password please\r\n-ERR [SYS/TEMP] Temporary failure, try again later\r\n", "login USER |down|x;" },
	{ "maildrop broken", TLS, "USER broken\r\nPASS x\r\n",
	  "+OK Password please\r\n-ERR [SYS/PERM] Maildrop cannot be opened, ask your administrator\r\n",
	  "login USER |broken|x;" },
	{ "login delay", TLS, "USER soon\r\nPASS x\r\n",
	  "+OK Password please\r\n-ERR [LOGIN-DELAY] Too soon after the last login\r\n", "login USER |soon|x;" },
	{ "the owner's words, one line", TLS, "USER dave\r\nPASS x\r\n",
	  "+OK Password please\r\n-ERR [AUTH] Password expired;\r\n", "login USER |dave|x;" },
	{ "login when logged in", TLS, LOGIN "USER x\r\nPASS y\r\nAUTH PLAIN\r\n",
	  WELCOME "-ERR Already logged in\r\n-ERR Already logged in\r\n-ERR Already logged in\r\n", ASKED },

	{ "auth list", TLS, "AUTH\r\n", "+OK Mechanisms follow\r\nPLAIN\r\nLOGIN\r\n.\r\n", NULL },
	{ "auth unknown", TLS, "AUTH CRAM-MD5\r\n", "-ERR Mechanism not offered\r\n", NULL },
	{ "plain initial", TLS, "AUTH PLAIN AGFsaWNlAEFsaWNlLVB3MQ==\r\n",
	  "+OK Maildrop has 4 messages (177 octets)\r\n", "login PLAIN |alice|Alice-Pw1;" },
	{ "plain challenge", TLS, "auth plain\r\nAGFsaWNlAEFsaWNlLVB3MQ==\r\n",
	  "+ \r\n+OK Maildrop has 4 messages (177 octets)\r\n", "login PLAIN |alice|Alice-Pw1;" },
	{ "plain authzid", TLS, "AUTH PLAIN Ym9iAGFsaWNlAEFsaWNlLVB3MQ==\r\n",
	  "+OK Maildrop has 4 messages (177 octets)\r\n", "login PLAIN bob|alice|Alice-Pw1;" },
	{ "plain cancelled", TLS, "AUTH PLAIN\r\n*\r\nNOOP\r\n",
	  "+ \r\n-ERR Authentication cancelled\r\n-ERR Log in first\r\n", NULL },
	{ "plain empty initial", TLS, "AUTH PLAIN =\r\n", "-ERR Malformed PLAIN response\r\n", NULL },
	{ "plain one nul", TLS, "AUTH PLAIN AGFsaWNl\r\n", "-ERR Malformed PLAIN response\r\n", NULL },
	{ "plain three nuls", TLS, "AUTH PLAIN AGEAYgBj\r\n", "-ERR Malformed PLAIN response\r\n", NULL },
	{ "plain empty password", TLS, "AUTH PLAIN AGFsaWNlAA==\r\n", "-ERR [AUTH] Empty password\r\n", NULL },
	{ "plain empty user", TLS, "AUTH PLAIN AABwdw==\r\n", "-ERR [AUTH] Empty user name\r\n", NULL },
	{ "plain, cr lf in the name", TLS, "AUTH PLAIN AGENCmIAcHc=\r\n", FAILED, NULL },
	{ "plain not base64", TLS, "AUTH PLAIN\r\nAG!sa\r\nAUTH PLAIN x\r\n",
	  "+ \r\n-ERR Not base64\r\n-ERR Not base64\r\n", NULL },
	{ "login", TLS, "AUTH LOGIN\r\nYWxpY2U=\r\nQWxpY2UtUHcx\r\n",
	  "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n+OK Maildrop has 4 messages (177 octets)\r\n",
	  "login LOGIN |alice|Alice-Pw1;" },
	{ "login initial", TLS, "AUTH LOGIN YWxpY2U=\r\nQWxpY2UtUHcx\r\n",
	  "+ UGFzc3dvcmQ6\r\n+OK Maildrop has 4 messages (177 octets)\r\n", "login LOGIN |alice|Alice-Pw1;" },
	{ "login cancelled", TLS, "AUTH LOGIN\r\n*\r\nAUTH LOGIN\r\nYWxpY2U=\r\n*\r\n",
	  "+ VXNlcm5hbWU6\r\n-ERR Authentication cancelled\r\n"
	  "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n-ERR Authentication cancelled\r\n", NULL },
	{ "login empty name", TLS, "AUTH LOGIN\r\n\r\n", "+ VXNlcm5hbWU6\r\n-ERR Empty or too long a user name\r\n", NULL },
	{ "login empty password", TLS, "AUTH LOGIN\r\nYWxpY2U=\r\n\r\n",
	  "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n-ERR [AUTH] Empty password\r\n", NULL },
	{ "login nul in the name", TLS, "AUTH LOGIN\r\nYQBi\r\n", "+ VXNlcm5hbWU6\r\n-ERR Malformed LOGIN response\r\n", NULL },
	{ "login nul in the password", TLS, "AUTH LOGIN YQ==\r\nYQBi\r\n",
	  "+ UGFzc3dvcmQ6\r\n-ERR Malformed LOGIN response\r\n", NULL },

	{ "order", TLS, "STAT\r\nRETR 1\r\nPASS x\r\nNOOP\r\nRSET\r\n",
	  "-ERR Log in first\r\n-ERR Log in first\r\n-ERR USER first\r\n-ERR Log in first\r\n-ERR Log in first\r\n", NULL },
	{ "unknown", TLS, "\r\nXYZZY\r\nAPOP a b\r\nRETRX 1\r\n",
	  "-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n", NULL },
	{ "control characters", TLS, "USER a\x01\r\nNO\rOP\r\n",
	  "-ERR Control characters or invalid UTF-8 in a command\r\n"
	  "-ERR Control characters or invalid UTF-8 in a command\r\n", NULL },
	{ "lang", TLS, "LANG\r\nLANG *\r\nLANG en\r\nLANG EN-gb\r\nLANG i-default\r\nLANG de\r\n",
	  "+OK Languages follow\r\nen English\r\ni-default English\r\n.\r\n+OK en Language changed\r\n"
	  "+OK en Language changed\r\n+OK en Language changed\r\n+OK i-default Language changed\r\n"
	  "-ERR Language not known\r\n", NULL },
	{ "too many errors", TLS, "A\r\nB\r\nC\r\nD\r\nE\r\nF\r\nG\r\nH\r\nI\r\nJ\r\nQUIT\r\n",
	  "-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n"
	  "-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n-ERR Unknown command\r\n"
	  "-ERR Unknown command\r\n-ERR Unknown command\r\n<close>", NULL },

	{ "quota", TLS, "XQUOTA\r\n" LOGIN "XQUOTA\r\nXQUOTA x\r\n",
	  "-ERR Log in first\r\n" WELCOME "+OK 4096 1048576\r\n-ERR No argument is taken\r\n", ASKED "quota;" },
	{ "quota unknown", TLS | FAILS, LOGIN "XQUOTA\r\n",
	  WELCOME "-ERR [SYS/TEMP] Temporary failure, try again later\r\n", ASKED "quota;" },
	{ "stat list uidl noop", TLS, LOGIN "STAT\r\nLIST\r\nLIST 2\r\nUIDL\r\nUIDL 3\r\nNOOP\r\n",
	  WELCOME "+OK 4 177\r\n+OK 4 messages (177 octets)\r\n1 36\r\n2 31\r\n3 35\r\n4 75\r\n.\r\n+OK 2 31\r\n"
	  "+OK 4 messages (177 octets)\r\n1 uid-a\r\n2 uid-b\r\n3 uid-c\r\n4 uid-d\r\n.\r\n+OK 3 uid-c\r\n"
	  "+OK Still here\r\n", ASKED },
	{ "numbers", TLS, LOGIN "LIST 0\r\nLIST 5\r\nRETR\r\nRETR x\r\nRETR -1\r\nUIDL 99999999999999999999999\r\nTOP 1\r\n",
	  WELCOME "-ERR No such message\r\n-ERR No such message\r\n-ERR A message number is wanted\r\n"
	  "-ERR A message number is wanted\r\n-ERR A message number is wanted\r\n-ERR A message number is wanted\r\n"
	  "-ERR A message number and a number of lines are wanted\r\n", ASKED },
	{ "retr", TLS, LOGIN "RETR 1\r\nRETR 2\r\nQUIT\r\n",
	  WELCOME "+OK 36 octets\r\nSubject: one\r\n\r\nfirst\r\n..\r\n...\r\nlast\r\n.\r\n"
	  "+OK 31 octets\r\nSubject: two\r\nX: y\r\n\r\na\r\nb\r\nc\r\n.\r\n" BYE, ASKED "message 1;message 2;" },
	{ "retr, line ends of lf only", TLS, LOGIN "RETR 3\r\n",
	  WELCOME "+OK 35 octets\r\n..Dots: here\nand: there\n\n..lf only\n..\n.\r\n", ASKED "message 3;" },
	{ "top", TLS, LOGIN "TOP 2 0\r\nTOP 2 1\r\nTOP 2 2\r\nTOP 2 99\r\n",
	  WELCOME "+OK Top of the message follows\r\nSubject: two\r\nX: y\r\n\r\n.\r\n"
	  "+OK Top of the message follows\r\nSubject: two\r\nX: y\r\n\r\na\r\n.\r\n"
	  "+OK Top of the message follows\r\nSubject: two\r\nX: y\r\n\r\na\r\nb\r\n.\r\n"
	  "+OK Top of the message follows\r\nSubject: two\r\nX: y\r\n\r\na\r\nb\r\nc\r\n.\r\n",
	  ASKED "message 2;message 2;message 2;message 2;" },
	{ "top with dots", TLS, LOGIN "TOP 1 2\r\nTOP 3 1\r\n",
	  WELCOME "+OK Top of the message follows\r\nSubject: one\r\n\r\nfirst\r\n..\r\n.\r\n"
	  "+OK Top of the message follows\r\n..Dots: here\nand: there\n\n..lf only\n.\r\n", ASKED "message 1;message 3;" },
	{ "dele rset", TLS, LOGIN "DELE 2\r\nSTAT\r\nLIST\r\nUIDL 2\r\nRETR 2\r\nTOP 2 0\r\nDELE 2\r\nRSET\r\nSTAT\r\nQUIT\r\n",
	  WELCOME "+OK Message 2 deleted\r\n+OK 3 146\r\n+OK 3 messages (146 octets)\r\n1 36\r\n3 35\r\n4 75\r\n.\r\n"
	  "-ERR No such message\r\n-ERR No such message\r\n-ERR No such message\r\n-ERR No such message\r\n"
	  "+OK Maildrop has 4 messages (177 octets)\r\n+OK 4 177\r\n" BYE, ASKED },
	{ "quit removes", TLS, LOGIN "DELE 4\r\nDELE 1\r\nQUIT\r\nNOOP\r\n",
	  WELCOME "+OK Message 4 deleted\r\n+OK Message 1 deleted\r\n" BYE, ASKED "remove 1 4;" },
	{ "quit fails to remove", TLS | FAILS, LOGIN "DELE 1\r\nQUIT\r\n",
	  WELCOME "+OK Message 1 deleted\r\n-ERR [SYS/TEMP] some deleted messages not removed\r\n<close>",
	  ASKED "remove 1;" },
	{ "lost connection", TLS, LOGIN "DELE 1\r\nDELE 2\r\n",
	  WELCOME "+OK Message 1 deleted\r\n+OK Message 2 deleted\r\n", ASKED },
	{ "half a command", TLS, LOGIN "DELE 1\r\nQUIT", WELCOME "+OK Message 1 deleted\r\n", ASKED },
};
/* clang-format on */

static void test_dialogues(void **state)
{
	(void)state;
	play_all(dialogues, sizeof dialogues / sizeof dialogues[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_dialogues) };

	return cmocka_run_group_tests_name("pop3 dialogue", tests, NULL, NULL);
}
