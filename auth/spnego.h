/* SPDX-License-Identifier: ISC */
/*
 * What a SPNEGO token (RFC 4178 section 4.2) carries for the mechanism inside it. GSS-API
 * negotiates; this only looks, to tell why it failed and whom NTLM claims to be.
 */
#ifndef AUTH_SPNEGO_H
#define AUTH_SPNEGO_H

#include "base/span.h"

/* mechToken of a NegTokenInit or responseToken of a NegTokenResp; empty: there is none, or it is no
 * such token. */
struct span spnego_inner(struct span token);

#endif
