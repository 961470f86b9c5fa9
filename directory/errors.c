/* SPDX-License-Identifier: ISC */
#include "directory/errors.h"

#include <ldap.h>

/* Win32 error numbers as AD writes them into the diagnostic message. */
static const struct {
	uint32_t code;
	enum password_result result;
	const char *meaning;
} sub_codes[] = {
	{ 0x525, PASSWORD_WRONG, "no such user" },
	{ 0x52e, PASSWORD_WRONG, "wrong name or password" },
	{ 0x530, PASSWORD_WRONG, "outside the permitted logon hours" },
	{ 0x531, PASSWORD_WRONG, "not permitted from this workstation" },
	{ 0x532, PASSWORD_EXPIRED, "password expired" },
	{ 0x533, PASSWORD_WRONG, "account disabled" },
	{ 0x568, PASSWORD_WRONG, "too many groups in the token" },
	{ 0x701, PASSWORD_WRONG, "account expired" },
	{ 0x773, PASSWORD_EXPIRED, "password must be changed" },
	{ 0x775, PASSWORD_WRONG, "account locked out" },
	{ 0x80090346, PASSWORD_TEMPORARY, "channel binding refused" },
	{ 0x57, PASSWORD_TEMPORARY, "bind request not understood" },
	/* A controller that has to ask another one, as read-only ones do, and cannot. */
	{ 0x51f, PASSWORD_TEMPORARY, "no logon server can be reached" },
	{ 0x54b, PASSWORD_TEMPORARY, "the domain cannot be reached" },
	{ 0x54f, PASSWORD_TEMPORARY, "internal error" },
	{ 0x6ba, PASSWORD_TEMPORARY, "another controller does not answer" },
	{ 0x6fd, PASSWORD_TEMPORARY, "the trust to the account's domain is broken" },
	{ 0x774, PASSWORD_TEMPORARY, "no domain controller can be found" },
};

static int hex_digit(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint32_t hex_number(struct span text)
{
	uint32_t value = 0;
	size_t i = 0;

	for (; i < text.length && hex_digit(text.at[i]) >= 0; i++) {
		if (i == 8)
			return 0;
		value = value << 4 | (uint32_t)hex_digit(text.at[i]);
	}
	return value;
}

uint32_t error_sub_code(struct span diagnostic)
{
	static const char mark[] = " data ";

	for (; diagnostic.length >= sizeof(mark) - 1; diagnostic = span_skip(diagnostic, 1))
		if (span_starts_nocase(diagnostic, mark))
			return hex_number(span_skip(diagnostic, sizeof(mark) - 1));
	return 0;
}

const char *error_sub_code_meaning(uint32_t code)
{
	for (size_t i = 0; i < sizeof(sub_codes) / sizeof(sub_codes[0]); i++)
		if (sub_codes[i].code == code)
			return sub_codes[i].meaning;
	return NULL;
}

enum password_result error_password_result(int result, uint32_t sub_code, bool ad)
{
	if (result == LDAP_SUCCESS)
		return PASSWORD_RIGHT;
	/* The entry has no password to compare with (RFC 4511 appendix A.2). */
	if (result == LDAP_INAPPROPRIATE_AUTH)
		return PASSWORD_WRONG;
	if (result != LDAP_INVALID_CREDENTIALS)
		return PASSWORD_TEMPORARY;
	for (size_t i = 0; ad && i < sizeof(sub_codes) / sizeof(sub_codes[0]); i++)
		if (sub_codes[i].code == sub_code)
			return sub_codes[i].result;
	return PASSWORD_WRONG;
}

bool error_is_of_server(int result)
{
	switch (result) {
	case LDAP_SERVER_DOWN:
	case LDAP_LOCAL_ERROR:
	case LDAP_DECODING_ERROR:
	case LDAP_TIMEOUT:
	case LDAP_CONNECT_ERROR:
	case LDAP_BUSY:
	case LDAP_UNAVAILABLE:
	case LDAP_UNWILLING_TO_PERFORM:
	case LDAP_OPERATIONS_ERROR: /* AD: the bind is gone */
		return true;
	default:
		return false;
	}
}

bool error_is_refusal(int result)
{
	switch (result) {
	case LDAP_BUSY:
	case LDAP_UNAVAILABLE:
	case LDAP_UNWILLING_TO_PERFORM:
	case LDAP_STRONG_AUTH_REQUIRED:
	case LDAP_CONFIDENTIALITY_REQUIRED:
	case LDAP_OPERATIONS_ERROR:
	case LDAP_INVALID_CREDENTIALS: /* with a sub-code that is not about the account */
		return true;
	default:
		return false;
	}
}

const char *error_remedy(int result, uint32_t sub_code)
{
	if (result == LDAP_INVALID_CREDENTIALS)
		return sub_code == 0x80090346
			       ? "the server demands channel bindings that fit its certificate: "
				 "see "
				 "that no proxy ends the TLS on the way, and that the client's "
				 "libraries know tls-server-end-point (LdapEnforceChannelBinding)"
			       : NULL;
	switch (result) {
	case LDAP_STRONG_AUTH_REQUIRED:
		return "the server wants signing or TLS (LDAPServerIntegrity): set tls = "
		       "\"starttls\" or \"ldaps\", or bind = \"gssapi\"";
	case LDAP_UNWILLING_TO_PERFORM:
		return "the server will not do this here: with gssapi write ldap://, not ldaps://, "
		       "because it may take signing or TLS but not both; a read-only or "
		       "restoring controller says the same";
	case LDAP_INSUFFICIENT_ACCESS:
		return "our account may not read there";
	case LDAP_OPERATIONS_ERROR:
		return "the server takes us for anonymous: check bind and its account";
	default:
		return NULL;
	}
}
