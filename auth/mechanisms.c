/* SPDX-License-Identifier: ISC */
#include "auth/mechanisms.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const gss_OID_desc krb5 = { 9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };
static const gss_OID_desc spnego = { 6, (void *)"\x2b\x06\x01\x05\x05\x02" };
static const gss_OID_desc ntlm = { 10, (void *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" };

const gss_OID_desc *const mechanism_krb5 = &krb5;
const gss_OID_desc *const mechanism_spnego = &spnego;
const gss_OID_desc *const mechanism_ntlm = &ntlm;

bool mechanism_is(gss_const_OID mechanism, const gss_OID_desc *wanted)
{
	return mechanism && mechanism->length == wanted->length &&
	       memcmp(mechanism->elements, wanted->elements, wanted->length) == 0;
}

static bool add_text(OM_uint32 code, int kind, const gss_OID_desc *mechanism, char *to, size_t size)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	OM_uint32 minor, more = 0;

	if (GSS_ERROR(gss_display_status(&minor, code, kind, (gss_OID)mechanism, &more, &text)))
		return false;
	snprintf(to, size, "%.*s", (int)text.length, (const char *)text.value);
	gss_release_buffer(&minor, &text);
	return true;
}

void mechanism_error_text(const gss_OID_desc *mechanism, OM_uint32 major, OM_uint32 minor, char *to,
			  size_t size)
{
	/* winbind tells gss-ntlmssp no more. */
	if (mechanism == mechanism_ntlm && minor == EACCES) {
		snprintf(to, size,
			 "refused by the domain: wrong password, or one that must be changed, or "
			 "an account that may not log on");
		return;
	}
	/* What the mechanism says tells more than the class of error. */
	if (minor && add_text(minor, GSS_C_MECH_CODE, mechanism, to, size))
		return;
	if (!add_text(major, GSS_C_GSS_CODE, GSS_C_NO_OID, to, size))
		snprintf(to, size, "error %08x/%u", major, minor);
}
