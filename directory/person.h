/* SPDX-License-Identifier: ISC */
/*
 * What we want to know of a directory entry, read by the configured schema: who
 * it is (an identity that survives renaming), its address in our domains, the
 * state of the account, its quota. A plain value; holds no secret.
 */
#ifndef DIRECTORY_PERSON_H
#define DIRECTORY_PERSON_H

#include "conf/conf.h"
#include "directory/quota.h"

struct entry;

enum person_kind { PERSON_ACCOUNT, PERSON_GROUP, PERSON_CONTACT, PERSON_FOLDER /* public folder */ };

/* Account states (MS-ADTS 2.2.16); any number of them. */
#define PERSON_DISABLED    0x1u
#define PERSON_EXPIRED     0x2u /* accountExpires is past */
#define PERSON_LOCKED      0x4u
#define PERSON_SHUT        0x10u /* the administrator locked the mailbox; PERSON_LOCKED is set too */
#define PERSON_MUST_CHANGE 0x8u /* pwdLastSet is 0, or the password is too old */

#define PERSON_DN_SIZE      1024
#define PERSON_ADDRESS_SIZE 324
#define PERSON_HOST_SIZE    300

struct person {
	char id[64];   /* hexadecimal, lower case */
	char sid[192]; /* "S-1-5-21-..." or "" */
	char dn[PERSON_DN_SIZE];
	char account[130];                 /* sAMAccountName or uid; "" = none */
	char upn[PERSON_ADDRESS_SIZE];     /* userPrincipalName or "" */
	char address[PERSON_ADDRESS_SIZE]; /* primary, in one of our domains; "" = none */
	enum person_kind kind;
	unsigned state;
	struct quota quota;
	char host[PERSON_HOST_SIZE]; /* next hop, as the entry has it; "" = the mailbox is here */
	bool host_unreadable; /* there is one, but too long, not a text, or not the only one */
	/* Whether it is switched off cannot be read: PERSON_LOCKED until somebody has put it right. */
	bool state_unreadable;
	int64_t password_set; /* person_password_set; 0 where unknown */
};

/* The attributes person_read looks at, NULL-terminated; at most PERSON_ATTRIBUTES of them. */
#define PERSON_ATTRIBUTES 20
void person_attributes(const struct conf_schema *schema, const char *names[PERSON_ATTRIBUTES]);

/*
 * The primary address is the first in one of our domains of: the SMTP: proxy
 * address, the mail values, the user principal name, the other proxy addresses
 * in alphabetical order; so it does not depend on the name a person was found by.
 * `now` is unix seconds. False with *why (static) when the entry cannot be used:
 * no identity, or a DN too long.
 */
bool person_read(const struct entry *entry, const struct conf_schema *schema,
		 const struct conf *conf, int64_t now, struct person *person, const char **why);
/* A level of the quota; absent when the entry says that its own do not count (mDBUseDefaults). */
struct quota person_quota(const struct entry *entry, const struct conf_schema *schema,
			  enum conf_attribute attribute);
/*
 * When the password was set, as a number that grows with every change: pwdLastSet, or
 * pwdChangedTime as one number of its digits; `absent` where the directory does not say.
 */
int64_t person_password_set(const struct entry *entry, int64_t absent);
/* "disabled", "account expired", "locked", ...: the state that weighs most; "" for none. */
const char *person_state_name(unsigned state);

/* Binary identities as text: objectGUID and the like, and security identifiers (MS-DTYP 2.4.2). */
bool identity_text(struct span value, bool binary, char *to, size_t size);
bool sid_text(struct span value, char *to, size_t size);
/* From its text to octets; false when it is none. */
#define SID_SIZE_MAX 68
bool sid_parse(struct span text, char to[SID_SIZE_MAX], size_t *length);

#endif
