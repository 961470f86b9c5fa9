/* SPDX-License-Identifier: ISC */
/*
 * The administrator's Kerberos ticket, for the commands that change the domain:
 * got with a password into a cache of our own, or found where kinit put it. The
 * password goes to the KDC alone, never to another program.
 */
#ifndef DOMAIN_TICKET_H
#define DOMAIN_TICKET_H

#include <stdbool.h>

#include "base/span.h"

enum { TICKET_NAME_SIZE = 320 };

struct ticket {
	char cache[TICKET_NAME_SIZE];     /* "FILE:/run/..." */
	char principal[TICKET_NAME_SIZE]; /* "Administrator@CORP.EXAMPLE" */
};

/*
 * Asks the KDC of the principal's realm (found by KRB5_CONFIG or DNS) and writes the
 * cache. False with what is wrong and what to do about it. Blocks.
 */
bool ticket_get(const char *principal, struct span password, const char *cache,
		struct ticket *ticket, char *why, size_t size);
/* The ticket of the environment's cache, when it is one of that realm and still good. */
bool ticket_find(const char *realm, struct ticket *ticket);
enum ticket_try { TICKET_GOOD, TICKET_STALE_KEY, TICKET_FAILED };
/* Whether the KDC takes the newest key of the keytab; unless GOOD with *why. */
enum ticket_try ticket_try_keytab(const char *path, const char *principal, char *why, size_t size);
void ticket_destroy(const struct ticket *ticket); /* one that ticket_get wrote */

#endif
