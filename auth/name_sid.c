/* SPDX-License-Identifier: ISC */
#include "auth/name_sid.h"

#include <gssapi/gssapi_ext.h>
#include <stdio.h>
#include <string.h>

#include "auth/pac.h"

bool name_display(gss_name_t name, char *to, size_t size)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	OM_uint32 minor;

	if (name == GSS_C_NO_NAME || GSS_ERROR(gss_display_name(&minor, name, &text, NULL)))
		return false;
	snprintf(to, size, "%.*s", (int)text.length, (const char *)text.value);
	gss_release_buffer(&minor, &text);
	return to[0] != '\0';
}

/* The attribute's first value, for gss_release_buffer; *authenticated: the mechanism vouches for
 * it. */
static bool attribute(gss_name_t name, const char *which, gss_buffer_t value, int *authenticated)
{
	gss_buffer_desc key = { strlen(which), (void *)(uintptr_t)which };
	gss_buffer_desc display = GSS_C_EMPTY_BUFFER;
	OM_uint32 major, minor;
	int complete = 0, more = -1;

	*value = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
	*authenticated = 0;
	major = gss_get_name_attribute(&minor, name, &key, authenticated, &complete, value,
				       &display, &more);
	gss_release_buffer(&minor, &display);
	return !GSS_ERROR(major);
}

/* "S-1-5-21-...,S-1-...": the account first, then its groups. */
static bool first_sid(struct span list, char sid[SID_SIZE_MAX], size_t *length)
{
	struct span first;

	while (list.length && list.at[list.length - 1] == '\0')
		list.length--;
	return span_cut(&list, ',', &first) && sid_parse(span_trim(first), sid, length);
}

bool name_sid(gss_name_t name, bool ntlm, char sid[SID_SIZE_MAX], size_t *length, char *why,
	      size_t size)
{
	const char *cause = "";
	gss_buffer_desc value;
	OM_uint32 minor;
	int authenticated;
	bool found;

	if (!attribute(name, ntlm ? "urn:gssntlmssp:sids" : "urn:mspac:logon-info", &value,
		       &authenticated)) {
		snprintf(why, size, "%s",
			 ntlm ? "winbind gives no security identifier"
			      : "the ticket has no PAC: is the account of an Active Directory, and "
				"not marked as needing none?");
		return false;
	}
	if (ntlm)
		found = first_sid(span_make(value.value, value.length), sid, length);
	else
		found = authenticated &&
			pac_user_sid(span_make(value.value, value.length), sid, length, &cause);
	if (!found)
		snprintf(why, size, "%s",
			 cause[0] ? cause
			 : ntlm   ? "winbind gives no security identifier"
				  : "the ticket's PAC is not signed with our key");
	gss_release_buffer(&minor, &value);
	return found;
}
