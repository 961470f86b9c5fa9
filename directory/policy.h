/* SPDX-License-Identifier: ISC */
/*
 * When AD locks an account out: the password policy of the domain, or the fine-grained one
 * (PSO) that applies to a person, read from its object and kept for a minute.
 */
#ifndef DIRECTORY_POLICY_H
#define DIRECTORY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "directory/person.h"

struct entry;
struct lookup;
struct policies;

/* What is assumed of a policy that may not be read: as strict as any that people can live with. */
enum { POLICY_GUESS_THRESHOLD = 3, POLICY_GUESS_WINDOW_MS = 30 * 60 * 1000 };

struct policy {
	char dn[PERSON_DN_SIZE]; /* whose it is; "" = the directory has none */
	bool guessed;            /* it could not be read */
	unsigned threshold;      /* wrong passwords before the account is locked; 0 = it never is */
	int64_t window;          /* milliseconds after which AD forgets them; 0 = not told */
};

/* From the head of a domain or from a PSO; false when it tells neither
 * number. */
bool policy_read(const struct entry *entry, struct policy *policy);

struct policies *policies_new(void);
void policies_free(struct policies *policies);
/*
 * The policy of that DN, at most a minute old while the directory answers; "" gives one that
 * never locks. When it cannot be read: the last that was known, else a guess.
 */
void policies_find(struct policies *policies, struct lookup *lookup, const char *dn,
		   int64_t deadline, struct policy *policy);

#endif
