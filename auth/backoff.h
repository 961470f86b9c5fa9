/* SPDX-License-Identifier: ISC */
/*
 * Wrong passwords are counted per account, so that strangers guessing through us
 * cannot make AD lock the account out: before the domain's lockoutThreshold is
 * reached we stop asking AD about that account until its observation window has
 * passed. An address from which the account's owner came in lately may have one
 * wrong password more than strangers (where the threshold leaves room for that). There is no
 * counter per client address: a whole site may stand behind one, and refusing it would lose
 * nobody's guesses but everybody's mail. What is refused here is AUTH_TEMPORARY: a mail program
 * keeps its password and its mail and tries again.
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

enum backoff_end { BACKOFF_RIGHT, BACKOFF_WRONG, BACKOFF_UNDECIDED };

struct backoff *backoff_new(void);
void backoff_free(struct backoff *backoff);
/*
 * True: the password may be asked about; backoff_leave must follow. Waits until
 * `deadline` while checks in flight could still use up what is left.
 */
bool backoff_enter(struct backoff *backoff, const struct backoff_rule *rule, const char *account,
		   const char *client, int64_t deadline);
void backoff_leave(struct backoff *backoff, const struct backoff_rule *rule, const char *account,
		   const char *client, enum backoff_end end);

#endif
