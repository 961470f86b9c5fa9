/* SPDX-License-Identifier: ISC */
/* The names of the GSS-API mechanisms we accept, and what they say when they fail. */
#ifndef AUTH_MECHANISMS_H
#define AUTH_MECHANISMS_H

#include <gssapi/gssapi.h>
#include <stdbool.h>
#include <stddef.h>

extern const gss_OID_desc *const mechanism_krb5;
extern const gss_OID_desc *const mechanism_spnego;
extern const gss_OID_desc *const mechanism_ntlm; /* MS-NLMP, by gss-ntlmssp */

bool mechanism_is(gss_const_OID mechanism, const gss_OID_desc *wanted);
void mechanism_error_text(const gss_OID_desc *mechanism, OM_uint32 major, OM_uint32 minor, char *to,
			  size_t size);

#endif
