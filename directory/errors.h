/* SPDX-License-Identifier: ISC */
/*
 * What an LDAP result means for us, and the AD sub-code in the text of result 49:
 * "80090308: LdapErr: DSID-..., comment: AcceptSecurityContext error, data 52e, v4563".
 * The one place that decides whether a failure may be blamed on the user: only
 * result 49 (and 48, no password at all) may, and only with a sub-code about the account.
 */
#ifndef DIRECTORY_ERRORS_H
#define DIRECTORY_ERRORS_H

#include "base/span.h"

enum password_result {
	PASSWORD_RIGHT,
	PASSWORD_WRONG,    /* or disabled, locked, expired, not now, not here: see the cause */
	PASSWORD_EXPIRED,  /* right, but it must be changed first (532, 773) */
	PASSWORD_TEMPORARY /* no answer: never to be shown as wrong */
};

/* The hexadecimal number after "data ", 0 if there is none. */
uint32_t error_sub_code(struct span diagnostic);
/* "wrong name or password", ...; NULL for an unknown number. */
const char *error_sub_code_meaning(uint32_t code);
/* What the administrator can do about it, by result and sub-code; NULL when it is not for him. */
const char *error_remedy(int result, uint32_t sub_code);
/* The server did not look at the password: it may be shown to another one. */
bool error_is_refusal(int result);
/* `result` is an LDAP result code or a negative API error; `ad` = sub-codes are to be looked at. */
enum password_result error_password_result(int result, uint32_t sub_code, bool ad);
/* After this result the server is to blame and another one may do better (busy, unavailable, down).
 */
bool error_is_of_server(int result);

#endif
