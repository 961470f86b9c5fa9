/* SPDX-License-Identifier: ISC */
/*
 * Who a Kerberos ticket of Active Directory is for: the account's security
 * identifier in KERB_VALIDATION_INFO (MS-PAC section 2.5), as NDR puts it into
 * octets (MS-RPCE section 2.2.6). GSS-API has checked the signature over them;
 * what they hold was still written by somebody else.
 */
#ifndef AUTH_PAC_H
#define AUTH_PAC_H

#include "directory/person.h"

/*
 * logon_info: the buffer of type 1. Into sid the identifier in octets (MS-DTYP
 * section 2.4.2.2), SID_SIZE_MAX of room. False with *why (static).
 */
bool pac_user_sid(struct span logon_info, char sid[SID_SIZE_MAX], size_t *length, const char **why);

#endif
