/* SPDX-License-Identifier: ISC */
/*
 * A new account in Active Directory, made with the administrator's own Kerberos
 * ticket over a signed and sealed connection: our own account may only read.
 */
#ifndef DOMAIN_CREATE_H
#define DOMAIN_CREATE_H

#include "base/span.h"

struct conf_directory;

struct directory_account {
	const char *address;   /* mail, and the primary of proxyAddresses */
	const char *name;      /* sAMAccountName, also cn; at most 20 characters */
	const char *container; /* DN; "" = CN=Users below the domain */
	uint64_t quota;        /* octets for the quota attribute; 0 = none is written */
	struct span password;
};

/* After directories_open. False with *why: what is wrong, and what to do. */
bool directory_create_account(const struct conf_directory *section,
			      const struct directory_account *account, char *why, size_t size);

#endif
