/* SPDX-License-Identifier: ISC */
/*
 * What an NTLM AUTHENTICATE message (MS-NLMP section 2.2.1.3) claims, read before
 * anybody is asked whether it is true: whose account a wrong password would count
 * against, and whether the response is of version 2.
 */
#ifndef AUTH_NTLM_H
#define AUTH_NTLM_H

#include "base/span.h"

struct buffer;

#define NTLM_NAME_SIZE 256

struct ntlm_claim {
	char domain[NTLM_NAME_SIZE]; /* UTF-8, as sent; may be "" */
	char user[NTLM_NAME_SIZE];
	char workstation[NTLM_NAME_SIZE];
	bool version_2;
};

enum ntlm_type { NTLM_NONE, NTLM_NEGOTIATE = 1, NTLM_CHALLENGE = 2, NTLM_AUTHENTICATE = 3 };

/* NTLM_NONE: no NTLM message. */
enum ntlm_type ntlm_type_of(struct span message);

/* True: in the octets of `token` an NTLM message begins that is not `message`, a part of it or
 * empty. */
bool ntlm_is_elsewhere(struct span token, struct span message);

/*
 * The message as gss-ntlmssp wants it. Old programs, and curl, leave the version out of NEGOTIATE
 * and AUTHENTICATE (sections 2.2.1.1 and 2.2.1.3), the latter even while its flags say that it is
 * there. Such messages have no MIC that would cover what is put right. `room` holds a changed one.
 */
struct span ntlm_whole(struct span message, struct buffer *room);

/* False: no such message, or no name in it that could be one. */
bool ntlm_claim_read(struct span message, struct ntlm_claim *claim);

#endif
