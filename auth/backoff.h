/* SPDX-License-Identifier: ISC */
/*
 * Wrong passwords are counted per account, so that strangers guessing through us
 * cannot make AD lock the account out: before the lockoutThreshold that applies to it is
 * reached we stop asking AD about that account until its observation window has
 * passed. What AD has counted elsewhere, as its entry says, counts here as well.
 *
 * The last attempt is the owner's: of an address from which he came in lately, or of a
 * password that looks like the one he came in with (auth/proofs.h). So guessing does
 * not keep him out either, where the threshold leaves room for that (3 or more). What is
 * refused here is AUTH_TEMPORARY: a mail program keeps its password and its mail and
 * tries again. Who fails at many accounts is auth/throttle.h's matter.
 */
#ifndef AUTH_BACKOFF_H
#define AUTH_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

struct backoff;

/* The rule of a directory. */
struct backoff_rule {
	unsigned strangers; /* wrong passwords in a window; at least 1 */
	unsigned owner;     /* the same from where the owner came in lately */
	int64_t window;     /* milliseconds */
};

/* From AD's lockoutThreshold (0 = none) and lockOutObservationWindow in milliseconds. */
struct backoff_rule backoff_rule_make(unsigned threshold, int64_t window);

/* One attempt. */
struct backoff_try {
	struct backoff_rule rule;
	const char *account;
	const char *client;
	unsigned elsewhere; /* wrong passwords that the directory counts now, ours among them */
	bool familiar;      /* the password looks like the owner's */
};

enum backoff_end { BACKOFF_RIGHT, BACKOFF_WRONG, BACKOFF_UNDECIDED };

struct backoff *backoff_new(void);
void backoff_free(struct backoff *backoff);
/*
 * True: the password may be asked about; backoff_leave must follow. Waits until
 * `deadline` (clock_ms) while checks in flight could still use up what is left.
 */
bool backoff_enter(struct backoff *backoff, const struct backoff_try *try, int64_t deadline);
void backoff_leave(struct backoff *backoff, const struct backoff_try *try, enum backoff_end end);

/* The account's owner came in from there within the last day. */
bool backoff_is_friend(struct backoff *backoff, const char *account, const char *client);

struct backoff_state {
	unsigned failures; /* through us, in this window */
	unsigned pending;  /* checks in flight */
	int64_t left;      /* milliseconds until they are forgotten */
};
struct backoff_state backoff_look(struct backoff *backoff, const char *account);

#endif
