/* SPDX-License-Identifier: ISC */
#include "auth/oauth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void what_endpoints_answer(void **state)
{
	static const struct {
		const char *text, *token, *refresh, *why;
		int64_t lives;
	} rows[] = {
		{ "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"ext_expires_in\":3599,\"access_"
		  "token\":\"eyJ0\"}",
		  "eyJ0", NULL, NULL, 3599 },
		{ "{\"access_token\":\"t\",\"expires_in\":\"1200\",\"refresh_token\":\"r\"}", "t",
		  "r", NULL, 1200 },
		{ "{\"access_token\":\"t\"}", "t", NULL, NULL, 300 },
		{ "{\"access_token\":\"t\",\"expires_in\":-5}", "t", NULL, NULL, 300 },
		{ "{\"access_token\":\"t\",\"expires_in\":1e300}", "t", NULL, NULL, 7 * 86400 },
		{ "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid "
		  "client secret\"}",
		  NULL, NULL, "invalid_client: AADSTS7000215: Invalid client secret", 0 },
		{ "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS70008: "
		  "expired.\\r\\nTrace\"}",
		  NULL, NULL, "invalid_grant: AADSTS70008: expired.  Trace", 0 },
		{ "{\"error\":\"invalid_scope\"}", NULL, NULL, "invalid_scope: no description", 0 },
		{ "{\"access_token\":\"a\\u0001auth=Bearer b\"}", NULL, NULL,
		  "an answer without access_token", 0 },
		{ "{\"access_token\":7}", NULL, NULL, "an answer without access_token", 0 },
		{ "{\"access_token\":\"\"}", NULL, NULL, "an answer without access_token", 0 },
		{ "<html>sign in</html>", NULL, NULL, "an answer that is no JSON", 0 },
		{ "", NULL, NULL, "an answer that is no JSON", 0 },
		{ "[\"access_token\"]", NULL, NULL, "an answer without access_token", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct oauth_answer answer;
		char why[300] = "";
		bool good = oauth_answer_parse(rows[i].text, strlen(rows[i].text), &answer, why,
					       sizeof why);

		assert_int_equal(good, rows[i].token != NULL);
		if (!good) {
			assert_string_equal(why, rows[i].why);
			continue;
		}
		assert_string_equal(answer.token, rows[i].token);
		assert_int_equal(answer.lives, rows[i].lives);
		if (rows[i].refresh)
			assert_string_equal(answer.refresh, rows[i].refresh);
		else
			assert_null(answer.refresh);
		free(answer.token);
		free(answer.refresh);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_endpoints_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
