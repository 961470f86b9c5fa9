/* SPDX-License-Identifier: ISC */
/*
 * Passwords already judged, remembered as keyed hashes (HMAC-SHA-256 under a key
 * made at start) together with the account and the time its password was set, so
 * that a changed password is asked about at once.
 *
 * Wrong ones for half a minute, and where the directory tells when a password was changed
 * for as long as it counts them: a mail program that repeats a stale password must not
 * count against the account again and again. Right ones only as long as the
 * configuration permits, one an account. Of those sixteen bits stay for a day: too few
 * to find a password by, enough to tell the owner from somebody who guesses. They
 * permit nothing but to ask the directory.
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
/*
 * The same, by who is about to ask the directory: while another asks about the same password of
 * the account this waits for the answer, until `deadline` (clock_ms), so that a wrong one counts
 * once. One that looks like the owner's waits for nobody. After PROOF_UNKNOWN proofs_leave must
 * follow, behind proofs_right or proofs_wrong.
 */
enum proof proofs_enter(struct proofs *proofs, const struct proof_of *of, int64_t deadline);
void proofs_leave(struct proofs *proofs, const struct proof_of *of);
/* Remembers the right one, and `seconds` (0 = not at all) that it need not be asked about again. */
void proofs_right(struct proofs *proofs, const struct proof_of *of, unsigned seconds);
void proofs_wrong(struct proofs *proofs, const struct proof_of *of, unsigned seconds);
/* The sixteen bits of the password that was right last, of the same age, are those of this one. */
bool proofs_is_familiar(struct proofs *proofs, const struct proof_of *of);
/* The account is disabled or the like: its right password is asked about again. */
void proofs_forget(struct proofs *proofs, const char *account);

#endif
