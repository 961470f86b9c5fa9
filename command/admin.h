/* SPDX-License-Identifier: ISC */
/* Who changes the domain: the ticket in the Kerberos cache, or a name with its password. */
#ifndef COMMAND_ADMIN_H
#define COMMAND_ADMIN_H

#include "domain/ticket.h"

struct buffer;

struct admin {
	const char *user;    /* -U; NULL = the ticket that is there, or else Administrator */
	const char *realm;   /* of a user without one */
	const char *scratch; /* a folder of our own for a new ticket's cache */
	bool stdin_password;
	const char *computer; /* "GW$" with a one-time password, instead of a person; or NULL */
	struct buffer *secret; /* the password that was given, for adcli; NULL = not wanted */
};

/*
 * False after an explanation on standard error. *own: the ticket was got by a password,
 * and is to be destroyed.
 */
bool admin_ticket(const struct admin *admin, struct ticket *ticket, bool *own);

#endif
