/* SPDX-License-Identifier: ISC */
/*
 * SASL mechanisms (RFC 4422) as the protocol engines see them: a name, when it is
 * offered, and messages that they carry without understanding them. PLAIN and LOGIN,
 * which the engines take apart themselves, are in no list. All mechanisms here are
 * client-first: a client that sends no initial response is sent an empty challenge.
 */
#ifndef MAIL_MECHANISM_H
#define MAIL_MECHANISM_H

#include "base/buffer.h"

#define MECHANISM_IN_PLAIN         1u /* offered while the session is plain */
#define MECHANISM_IN_TLS           2u /* offered inside TLS */
#define MECHANISM_WITH_CERTIFICATE 4u /* only when the client showed a certificate, besides */

struct mechanism {
	const char *name; /* upper case; a list ends with NULL */
	unsigned when;    /* MECHANISM_ bits */
};

struct mechanism_message {     /* from the client, decoded */
	const char *mechanism; /* as it stands in the list */
	bool first;            /* begins the exchange */
	struct span response;  /* may be empty; wiped by the engine after the call */
};

struct mechanism_session {
	bool tls;
	bool certificate; /* the client showed one that was verified */
};

/* NULL: not in the list. The list may be NULL, here and below. */
const struct mechanism *mechanism_find(const struct mechanism *list, struct span name);
bool mechanism_usable(const struct mechanism *mechanism, struct mechanism_session session);
/* The names of those that are usable, each between the two texts. */
void mechanism_add_names(struct buffer *to, const struct mechanism *list,
			 struct mechanism_session session, const char *before, const char *behind);

/* prefix, base64 of the token, CRLF. Text for free(). */
char *mechanism_challenge(const char *prefix, struct span token);
/* What base64 text stands for, with a NUL behind it; NULL: not base64. For mechanism_wipe. */
char *mechanism_decode(struct span text, size_t *length);
void mechanism_wipe(char *decoded, size_t length); /* overwrites, then frees */

#endif
