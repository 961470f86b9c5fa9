/* SPDX-License-Identifier: ISC */
/*
 * What an NTLM AUTHENTICATE message (MS-NLMP section 2.2.1.3) claims, read before
 * anybody is asked whether it is true: whose account a wrong password would count
 * against, and whether the response is of version 2.
 */
#ifndef AUTH_NTLM_H
#define AUTH_NTLM_H

#include "base/span.h"

#define NTLM_NAME_SIZE 256

struct ntlm_claim {
	char domain[NTLM_NAME_SIZE]; /* UTF-8, as sent; may be "" */
	char user[NTLM_NAME_SIZE];
	char workstation[NTLM_NAME_SIZE];
	bool version_2;
};

/* False: no such message, or no name in it that could be one. */
bool ntlm_claim_read(struct span message, struct ntlm_claim *claim);

#endif
