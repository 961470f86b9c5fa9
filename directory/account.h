/* SPDX-License-Identifier: ISC */
/*
 * What a directory keeps about the account behind an entry: the attributes that decide
 * whether it may log in, and how many wrong passwords it has seen lately. Read at
 * every login and again for open sessions; never cached with the person.
 */
#ifndef DIRECTORY_ACCOUNT_H
#define DIRECTORY_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "directory/person.h"

struct buffer;
struct entry;

#define ACCOUNT_ABSENT (-1) /* the attribute is not there or may not be read */

struct account {
	int64_t control;      /* userAccountControl (MS-ADTS 2.2.16) */
	int64_t computed;     /* msDS-User-Account-Control-Computed */
	int64_t expires;      /* accountExpires, a FILETIME as it stands */
	int64_t locked;       /* lockoutTime, likewise */
	int64_t password_set; /* pwdLastSet, likewise; elsewhere pwdChangedTime as one number */
	int64_t bad_count;    /* badPwdCount of the server asked: it is not replicated */
	int64_t bad_time;     /* badPasswordTime, likewise */
	char policy[PERSON_DN_SIZE]; /* msDS-ResultantPSO; "" = none, or it may not be read */
};

/* person_attributes and those of an account, NULL-terminated. */
#define ACCOUNT_ATTRIBUTES (PERSON_ATTRIBUTES + 5)
void account_attributes(const struct conf_schema *schema, const char *names[ACCOUNT_ATTRIBUTES]);
/* Nothing is known of it. */
void account_clear(struct account *account);
void account_read(const struct entry *entry, struct account *account);

/*
 * How many wrong passwords count against it now: AD forgets them `window` milliseconds
 * after the last but leaves the number standing. `now` is unix seconds.
 */
unsigned account_bad_passwords(const struct account *account, int64_t window, int64_t now);

/* Appends the names of the bits that are set: "normal account, account disabled". */
void account_control_text(int64_t control, struct buffer *to);

#endif
