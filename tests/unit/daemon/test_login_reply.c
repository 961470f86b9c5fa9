/* SPDX-License-Identifier: ISC */
#include "daemon/login_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf.h"

static void says(void **state)
{
	static const struct {
		enum auth_verdict verdict;
		const char *hint;
		enum outcome outcome;
		unsigned code;
		const char *smtp;
		enum pop3_code pop3_code;
		const char *pop3;
	} cases[] = {
		{ AUTH_OK, "Hint", OUTCOME_OK, 235, "Authentication successful", POP3_CODE_NONE,
		  "" },
		{ AUTH_NO_MAILBOX, "Hint", OUTCOME_OK, 235, "Authentication successful",
		  POP3_CODE_SYS_PERM, "This account has no mailbox here" },
		{ AUTH_REJECTED, "Hint", OUTCOME_PERM, 535, "Authentication credentials invalid",
		  POP3_CODE_AUTH, "Invalid user name or password" },
		{ AUTH_EXPIRED, "Hint", OUTCOME_PERM, 535, "Hint", POP3_CODE_AUTH, "Hint" },
		{ AUTH_EXPIRED, "", OUTCOME_PERM, 535, "Authentication credentials invalid",
		  POP3_CODE_AUTH, "Invalid user name or password" },
		{ AUTH_TEMPORARY, "Hint", OUTCOME_TEMP, 454, "Temporary authentication failure",
		  POP3_CODE_SYS_TEMP, "Temporary authentication failure" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf conf = { .password_expired_text = (char *)cases[i].hint };
		struct smtp_reply smtp = login_reply_smtp(&conf, cases[i].verdict);
		struct login_reply_pop3 pop3 = login_reply_pop3(&conf, cases[i].verdict);

		assert_int_equal(login_reply_outcome(cases[i].verdict), cases[i].outcome);
		assert_int_equal(smtp.code, cases[i].code);
		assert_string_equal(smtp.text, cases[i].smtp);
		assert_int_equal(pop3.code, cases[i].pop3_code);
		assert_string_equal(pop3.text, cases[i].pop3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(says) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
