/* SPDX-License-Identifier: ISC */
/*
 * Passwords already judged, remembered as keyed hashes (HMAC-SHA-256 under a key
 * made at start) together with the account and the time its password was set, so
 * that a changed password is asked about at once. Wrong ones for half a minute: a
 * mail program that repeats a stale password must not count against the account
 * again and again. Right ones only as long as the configuration permits.
 */
#ifndef AUTH_PROOFS_H
#define AUTH_PROOFS_H

#include "base/span.h"

enum { PROOFS_WRONG_SECONDS = 30 };

struct proofs;

enum proof { PROOF_UNKNOWN, PROOF_RIGHT, PROOF_WRONG };

struct proof_of {
	const char *account;  /* directory and identity of the entry */
	int64_t password_set; /* 0 where the directory does not say */
	struct span password;
};

struct proofs *proofs_new(void);
void proofs_free(struct proofs *proofs);
enum proof proofs_find(struct proofs *proofs, const struct proof_of *of);
/* `seconds`: how long; 0 = not at all. */
void proofs_keep(struct proofs *proofs, const struct proof_of *of, enum proof proof,
		 unsigned seconds);

#endif
