/* SPDX-License-Identifier: ISC */
/* AUTH as a client: its lines, and how it ends. */
#include "smtp_client_owner.h"

#define FIFTY "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define SIX   FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY /* 600 */

static const struct smtp_client_profile profile = { .name = "relay.example", .login = true };
static const struct smtp_client_profile secure = { .name = "relay.example",
						   .login = true,
						   .secure = true };

#define OFFER                                                                                      \
	"S: 220 mx\nC: EHLO relay.example\nS: 250-mx\nS: 250 AUTH PLAIN GSSAPI\n! login PLAIN "    \
	"GSSAPI -\n"
#define QUIT "! ready\nC: QUIT\nS: 221 bye\n! ended orderly 221 2.0.0 bye\n"
#define YES  "S: 235 2.7.0 hello\n"
/* Base64. */
#define ONE   "b25l"
#define TWO   "dHdv"
#define THREE "dGhyZWU="

static const struct turn_of_login plain[] = { { OUTCOME_OK, "PLAIN", "one", NULL } };
static const struct turn_of_login waits[] = { { OUTCOME_OK, "LOGIN", NULL, NULL },
					      { OUTCOME_OK, "LOGIN", "one", NULL },
					      { OUTCOME_OK, "LOGIN", "three", NULL } };
static const struct turn_of_login external[] = { { OUTCOME_OK, "EXTERNAL", "", NULL },
						 { OUTCOME_OK, "EXTERNAL", "", NULL } };
static const struct turn_of_login later[] = { { OUTCOME_TEMP, NULL, NULL,
						"no token: the token server does not answer" } };
static const struct turn_of_login never[] = { { OUTCOME_PERM, NULL, NULL,
						"no mechanism in common" } };
static const struct turn_of_login midway[] = { { OUTCOME_OK, "GSSAPI", "one", NULL },
					       { OUTCOME_TEMP, NULL, NULL, "no ticket" } };
static const struct turn_of_login suspicious[] = {
	{ OUTCOME_OK, "GSSAPI", "one", NULL },
	{ OUTCOME_PERM, NULL, NULL, "the server could not prove that it knows the password" }
};
static const struct turn_of_login long_one[] = { { OUTCOME_OK, "XOAUTH2", SIX, NULL },
						 { OUTCOME_OK, NULL, "", NULL } };

static const struct script logins[] = {
	{ .name = "at once",
	  .profile = &profile,
	  .logins = plain,
	  .text = OFFER "C: AUTH PLAIN " ONE "\n" YES QUIT },
	{ .name = "challenges",
	  .profile = &profile,
	  .logins = waits,
	  .text = OFFER "C: AUTH LOGIN\nS: 334 " TWO "\n! login challenge two\nC: " ONE
			"\nS: 334 " THREE "\n! login challenge three\nC: " THREE "\n" YES QUIT },
	{ .name = "words for an empty challenge",
	  .profile = &profile,
	  .logins = waits,
	  .text = OFFER "C: AUTH LOGIN\nS: 334 LOGIN supported\n! login challenge -\nC: " ONE
			"\nS: 334 LOGIN supported\nC: *\nS: 501 no\nC: QUIT\n! ended later 0 4.7.0 "
			"the server's challenge in AUTH cannot be decoded\n" },
	{ .name = "empty",
	  .profile = &profile,
	  .logins = external,
	  .text = OFFER "C: AUTH EXTERNAL =\nS: 334 \n! login challenge -\nC: \n" YES QUIT },
	{ .name = "empty, without its blank",
	  .profile = &profile,
	  .logins = external,
	  .text = OFFER "C: AUTH EXTERNAL =\nS: 334\n! login challenge -\nC: \n" YES QUIT },
	{ .name = "refused",
	  .profile = &profile,
	  .logins = plain,
	  .text = OFFER "C: AUTH PLAIN " ONE
			"\nS: 535 5.7.8 wrong\nC: QUIT\n! ended later 535 5.7.8 wrong\n" },
	{ .name = "refused for now",
	  .profile = &profile,
	  .logins = plain,
	  .text = OFFER "C: AUTH PLAIN " ONE
			"\nS: 454 4.7.0 busy\nC: QUIT\n! ended next 454 4.7.0 busy\n" },
	{ .name = "closing",
	  .profile = &profile,
	  .logins = plain,
	  .text = OFFER "C: AUTH PLAIN " ONE "\nS: 421 4.7.0 bye\n! ended next 421 4.7.0 bye\n" },
	{ .name = "senseless",
	  .profile = &profile,
	  .logins = plain,
	  .text = OFFER "C: AUTH PLAIN " ONE
			"\nS: 354 go\n! ended next 0 4.5.0 the server answered out of order at "
			"AUTH: 354 go\n" },
	{ .name = "lost",
	  .profile = &profile,
	  .logins = plain,
	  .text = OFFER "C: AUTH PLAIN " ONE "\n> lost reset\n! ended next 0 4.4.2 reset\n" },
	{ .name = "no token",
	  .profile = &profile,
	  .logins = later,
	  .text = OFFER
	  "C: QUIT\n! ended later 0 4.7.0 no token: the token server does not answer\n" },
	{ .name = "impossible",
	  .profile = &profile,
	  .logins = never,
	  .text = OFFER "C: QUIT\n! ended never 0 5.7.0 no mechanism in common\n" },
	{ .name = "given up midway",
	  .profile = &profile,
	  .logins = midway,
	  .text = OFFER "C: AUTH GSSAPI " ONE "\nS: 334 " TWO
			"\n! login challenge two\nC: *\nS: 501 5.7.0 cancelled\n"
			"C: QUIT\n! ended later 0 4.7.0 no ticket\n" },
	{ .name = "mistrusted midway",
	  .profile = &profile,
	  .logins = suspicious,
	  .text = OFFER "C: AUTH GSSAPI " ONE "\nS: 334 " TWO
			"\n! login challenge two\nC: *\nS: 500 what\n"
			"C: QUIT\n! ended never 0 5.7.0 the server could not prove that it knows "
			"the password\n" },
	{ .name = "no base64",
	  .profile = &profile,
	  .logins = plain,
	  .text = OFFER
	  "C: AUTH PLAIN " ONE "\nS: 334 a b\nC: *\nS: 501 no\nC: QUIT\n"
	  "! ended later 0 4.7.0 the server's challenge in AUTH cannot be decoded\n" },
	{ .name = "not offered",
	  .profile = &profile,
	  .text = "S: 220 mx\nC: EHLO relay.example\nS: 250 mx\nC: QUIT\n! ended later 0 4.7.0 a "
		  "login is required, "
		  "and the server does not offer AUTH without TLS\n" },
	{ .name = "not offered in TLS",
	  .profile = &secure,
	  .text = "S: 220 mx\nC: EHLO relay.example\nS: 250 mx\nC: QUIT\n! ended later 0 4.7.0 a "
		  "login is required, "
		  "and the server does not offer AUTH\n" },
	{ .name = "unasked while the owner thinks",
	  .profile = &profile,
	  .logins = plain,
	  .once = true,
	  .text = OFFER "C: AUTH PLAIN " ONE "\n" YES "! ready\nC: QUIT\n> lost closed\n"
			"! ended orderly 0 4.4.2 closed\n" },
};

static void test_logins(void **state)
{
	(void)state;
	PLAY_ALL(logins);
}

/* A token is longer than a command may be: it waits for the server's empty challenge. */
static void test_long_response(void **state)
{
	static const char end[] =
		"\nS: 334 " TWO "\n! login challenge two\nC: \nS: 535 no\nC: QUIT\n"
		"! ended later 535 5.0.0 no\n";
	struct script script = { .name = "long", .profile = &profile, .logins = long_one };
	struct buffer text = BUFFER_EMPTY;

	(void)state;
	buffer_add_text(&text, OFFER "C: AUTH XOAUTH2\nS: 334 \nC: ");
	for (size_t i = 0; i < 200; i++)
		buffer_add_text(&text, "eHh4");
	buffer_add(&text, end, sizeof(end));
	script.text = buffer_bytes(&text);
	play(&script);
	buffer_clear(&text);
}

/* As long as RFC 4954 section 4 lets a line be, and longer. The note of the owner is cut. */
static void test_long_challenges(void **state)
{
	static const struct {
		size_t blocks;
		const char *then;
	} cases[] = {
		{ 12280 / 4, "\n! login challenge long\nC: " ONE
			     "\n> lost reset\n! ended next 0 4.4.2 reset\n" },
		{ 12288 / 4,
		  "\nC: *\nS: 501 no\nC: QUIT\n! ended later 0 4.7.0 the server's challenge in "
		  "AUTH cannot be decoded\n" },
	};

	(void)state;
	for (size_t c = 0; c < 2; c++) {
		struct script script = { .name = "long", .profile = &profile, .logins = waits };
		struct buffer text = BUFFER_EMPTY;

		buffer_add_text(&text, OFFER "C: AUTH LOGIN\nS: 334 ");
		for (size_t i = 0; i < cases[c].blocks; i++)
			buffer_add_text(&text, "eHh4");
		buffer_add(&text, cases[c].then, strlen(cases[c].then) + 1);
		script.text = buffer_bytes(&text);
		play(&script);
		buffer_clear(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logins),
		cmocka_unit_test(test_long_response),
		cmocka_unit_test(test_long_challenges),
	};

	return cmocka_run_group_tests_name("smtp client auth", tests, NULL, NULL);
}
