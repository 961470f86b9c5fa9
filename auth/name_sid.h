/* SPDX-License-Identifier: ISC */
/*
 * A GSS-API name of the domain as an account of the directory: names differ from
 * mechanism to mechanism and are given anew to other people, so it is the
 * security identifier that counts.
 */
#ifndef AUTH_NAME_SID_H
#define AUTH_NAME_SID_H

#include <gssapi/gssapi.h>

#include "directory/person.h"

/* For people to read. */
bool name_display(gss_name_t name, char *to, size_t size);
/* From the ticket's PAC, or from winbind for NTLM. False with *why. */
bool name_sid(gss_name_t name, bool ntlm, char sid[SID_SIZE_MAX], size_t *length, char *why,
	      size_t size);

#endif
