/* SPDX-License-Identifier: ISC */
/*
 * A computer account as a controller shows it: what Kerberos needs of it (MS-ADTS
 * msDS-KeyVersionNumber, msDS-SupportedEncryptionTypes, servicePrincipalName), and
 * who else in the forest has one of its service principals.
 */
#ifndef DOMAIN_COMPUTER_H
#define DOMAIN_COMPUTER_H

#include "directory/person.h"

struct entry;
struct visit;

enum { COMPUTER_AES = 0x18, COMPUTER_RC4 = 0x4 }; /* bits of msDS-SupportedEncryptionTypes */

enum computer_found { COMPUTER_FOUND, COMPUTER_NONE, COMPUTER_FAILED };

struct computer {
	char dn[PERSON_DN_SIZE];
	char dns_host[256];        /* "" = not set */
	unsigned version;          /* of its key; 0 = the directory does not say */
	unsigned enctypes;         /* 0 = not set: the domain's default */
	bool disabled, controller; /* a domain controller's own account */
	struct entry *entry;       /* for computer_has_spn; computer_clear frees it */
};

/* `name` is the sAMAccountName ("GW$"). The visit must be bound. COMPUTER_FAILED with *why. */
enum computer_found computer_find(struct visit *visit, const char *name, struct computer *account,
				  char *why, size_t size);
void computer_clear(struct computer *account);
bool computer_has_spn(const struct computer *account, const char *spn);
/*
 * Who else than `dn` has this service principal, by the server that is visited (a global
 * catalog knows the forest). 1 with that DN in `other`, 0, or -1 when it cannot be asked.
 */
int computer_other_owner(struct visit *visit, const char *spn, const char *dn,
			 char other[PERSON_DN_SIZE]);

#endif
