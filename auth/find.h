/* SPDX-License-Identifier: ISC */
/*
 * Whose name this is: picks the directory by the name's domain (a mail domain of
 * ours, a NetBIOS name, a DNS domain of AD, else the default domain's) and
 * searches it under each form of the name until somebody has it.
 */
#ifndef AUTH_FIND_H
#define AUTH_FIND_H

#include "directory/directory.h"

struct conf_directory;
struct directories;

struct find_place {
	const struct conf *conf;
	struct directories *directories;
	const char *default_domain; /* for a bare name; "" = the default domain */
	int64_t deadline;           /* clock_ms; 0 = nothing is waited for */
	/* Called for each search with what came of it. May be NULL. */
	void (*tried)(void *context, const struct directory_hit *hit);
	void *context;
};

struct find_answer {
	struct directory *directory; /* where; NULL when none was asked */
	struct facts facts;          /* of it, where known */
	struct directory_hit hit;
};

/*
 * The directory that find_account would ask, or wait for; NULL when none. `deadline` is
 * not used: this never blocks.
 */
const struct conf_directory *find_directory(const struct find_place *place, const char *text);
void find_account(const struct find_place *place, const char *text, struct find_answer *answer);

/* Whom somebody has proved to be, other than by a name and a password. */
struct find_proof {
	struct span sid;               /* in octets; or empty, and these: */
	const char *upn;               /* userPrincipalName that a certificate says; "" = none */
	const char *const *identities; /* altSecurityIdentities that would fit; ends with NULL */
	const char *account; /* by keys that are kept for this name, as typed; NULL = none of it */
	const char *keytab; /* a ticket: only directories that name this keytab vouch; NULL = all */
};

/* The one entry that fits, in whichever directory of Active Directory has it. */
void find_proved(const struct find_place *place, const struct find_proof *proof,
		 struct find_answer *answer);

#endif
