/* SPDX-License-Identifier: ISC */
/*
 * A computer account as a controller shows it: what Kerberos needs of it (MS-ADTS
 * msDS-KeyVersionNumber, msDS-SupportedEncryptionTypes, servicePrincipalName), and
 * who else in the forest has one of its service principals.
 */
#ifndef DIRECTORY_ACCOUNT_H
#define DIRECTORY_ACCOUNT_H

#include "directory/person.h"

struct entry;
struct visit;

enum { ACCOUNT_AES = 0x18, ACCOUNT_RC4 = 0x4 }; /* bits of msDS-SupportedEncryptionTypes */

enum account_found { ACCOUNT_FOUND, ACCOUNT_NONE, ACCOUNT_FAILED };

struct account {
	char dn[PERSON_DN_SIZE];
	char dns_host[256]; /* "" = not set */
	unsigned version;   /* of its key; 0 = the directory does not say */
	unsigned enctypes;  /* 0 = not set: the domain's default */
	bool disabled, controller; /* a domain controller's own account */
	struct entry *entry; /* for account_has_spn; account_clear frees it */
};

/* `name` is the sAMAccountName ("GW$"). The visit must be bound. ACCOUNT_FAILED with *why. */
enum account_found account_find(struct visit *visit, const char *name, struct account *account,
				char *why, size_t size);
void account_clear(struct account *account);
bool account_has_spn(const struct account *account, const char *spn);
/*
 * Who else than `dn` has this service principal, by the server that is visited (a global
 * catalog knows the forest). 1 with that DN in `other`, 0, or -1 when it cannot be asked.
 */
int account_other_owner(struct visit *visit, const char *spn, const char *dn,
			char other[PERSON_DN_SIZE]);

#endif
