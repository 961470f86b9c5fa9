/* SPDX-License-Identifier: ISC */
#include "directory/errors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <ldap.h>

static void finds_sub_codes(void **state)
{
	static const struct {
		const char *text;
		uint32_t code;
	} cases[] = {
		{ "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data "
		  "52e, "
		  "v4563",
		  0x52e },
		{ "80090308: LdapErr: DSID-0C0903D9, comment: AcceptSecurityContext error, data "
		  "773, "
		  "v1db1",
		  0x773 },
		{ "80090346: LdapErr: DSID-0C09070F, comment: AcceptSecurityContext error, data "
		  "80090346, v4563",
		  0x80090346 },
		{ "error, DATA 701", 0x701 },
		{ "error, data ", 0 },
		{ "error, data zz", 0 },
		{ "error, data 123456789", 0 },
		{ "metadata 52e", 0 },
		{ "", 0 },
		{ "data", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(error_sub_code(span_text(cases[i].text)), cases[i].code);
}

static void judges_passwords(void **state)
{
	static const struct {
		int result;
		uint32_t sub_code;
		bool ad;
		enum password_result expected;
	} cases[] = {
		{ LDAP_SUCCESS, 0, true, PASSWORD_RIGHT },
		{ LDAP_INVALID_CREDENTIALS, 0x52e, true, PASSWORD_WRONG },
		{ LDAP_INVALID_CREDENTIALS, 0x525, true, PASSWORD_WRONG },
		{ LDAP_INVALID_CREDENTIALS, 0x530, true, PASSWORD_WRONG },
		{ LDAP_INVALID_CREDENTIALS, 0x533, true, PASSWORD_WRONG },
		{ LDAP_INVALID_CREDENTIALS, 0x701, true, PASSWORD_WRONG },
		{ LDAP_INVALID_CREDENTIALS, 0x775, true, PASSWORD_WRONG },
		{ LDAP_INVALID_CREDENTIALS, 0x532, true, PASSWORD_EXPIRED },
		{ LDAP_INVALID_CREDENTIALS, 0x773, true, PASSWORD_EXPIRED },
		{ LDAP_INVALID_CREDENTIALS, 0x773, false, PASSWORD_WRONG },
		{ LDAP_INVALID_CREDENTIALS, 0x80090346, true, PASSWORD_TEMPORARY },
		{ LDAP_INVALID_CREDENTIALS, 0x51f, true, PASSWORD_TEMPORARY },
		{ LDAP_INVALID_CREDENTIALS, 0x6ba, true, PASSWORD_TEMPORARY },
		{ LDAP_INVALID_CREDENTIALS, 0x774, true, PASSWORD_TEMPORARY },
		{ LDAP_INVALID_CREDENTIALS, 0, true, PASSWORD_WRONG },
		{ LDAP_INVALID_CREDENTIALS, 0, false, PASSWORD_WRONG },
		{ LDAP_INAPPROPRIATE_AUTH, 0, false, PASSWORD_WRONG },
		{ LDAP_STRONG_AUTH_REQUIRED, 0, true, PASSWORD_TEMPORARY },
		{ LDAP_BUSY, 0, true, PASSWORD_TEMPORARY },
		{ LDAP_UNAVAILABLE, 0, false, PASSWORD_TEMPORARY },
		{ LDAP_UNWILLING_TO_PERFORM, 0, true, PASSWORD_TEMPORARY },
		{ LDAP_OTHER, 0, false, PASSWORD_TEMPORARY },
		{ LDAP_OPERATIONS_ERROR, 0, false, PASSWORD_TEMPORARY },
		{ LDAP_NO_SUCH_OBJECT, 0, false, PASSWORD_TEMPORARY },
		{ LDAP_SERVER_DOWN, 0, true, PASSWORD_TEMPORARY },
		{ LDAP_TIMEOUT, 0, true, PASSWORD_TEMPORARY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			error_password_result(cases[i].result, cases[i].sub_code, cases[i].ad),
			cases[i].expected);
}

static void names_sub_codes(void **state)
{
	(void)state;
	assert_string_equal(error_sub_code_meaning(0x775), "account locked out");
	assert_null(error_sub_code_meaning(0));
	assert_null(error_sub_code_meaning(0x12345));
}

static void blames_servers(void **state)
{
	(void)state;
	assert_true(error_is_of_server(LDAP_BUSY));
	assert_true(error_is_of_server(LDAP_UNAVAILABLE));
	assert_true(error_is_of_server(LDAP_SERVER_DOWN));
	assert_false(error_is_of_server(LDAP_SUCCESS));
	assert_false(error_is_of_server(LDAP_SIZELIMIT_EXCEEDED));
	assert_false(error_is_of_server(LDAP_NO_SUCH_OBJECT));
	assert_false(error_is_of_server(LDAP_INSUFFICIENT_ACCESS));
}

/* A password is shown to a second server only where the first says that it did not look. */
static void knows_refusals(void **state)
{
	(void)state;
	assert_true(error_is_refusal(LDAP_BUSY));
	assert_true(error_is_refusal(LDAP_STRONG_AUTH_REQUIRED));
	assert_true(error_is_refusal(LDAP_UNWILLING_TO_PERFORM));
	assert_false(error_is_refusal(LDAP_TIMEOUT));
	assert_false(error_is_refusal(LDAP_SERVER_DOWN));
	assert_false(error_is_refusal(LDAP_DECODING_ERROR));
	assert_false(error_is_refusal(LDAP_OTHER));
}

static void has_remedies(void **state)
{
	(void)state;
	assert_non_null(strstr(error_remedy(LDAP_STRONG_AUTH_REQUIRED, 0), "tls"));
	assert_non_null(strstr(error_remedy(LDAP_UNWILLING_TO_PERFORM, 0), "ldap://"));
	assert_non_null(
		strstr(error_remedy(LDAP_INVALID_CREDENTIALS, 0x80090346), "channel bindings"));
	assert_null(error_remedy(LDAP_INVALID_CREDENTIALS, 0x52e));
	assert_null(error_remedy(LDAP_SUCCESS, 0));
	assert_null(error_remedy(LDAP_BUSY, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_sub_codes),
		cmocka_unit_test(judges_passwords),
		cmocka_unit_test(names_sub_codes),
		cmocka_unit_test(blames_servers),
		cmocka_unit_test(knows_refusals),
		cmocka_unit_test(has_remedies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
