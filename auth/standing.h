/* SPDX-License-Identifier: ISC */
/*
 * What an open session lives by: whose login it was and how old his password was then, however
 * the login was proved. The frontend keeps it signed, as a ticket that it can neither make nor
 * read, and shows it to the directory role every some seconds. The answer is by the entry
 * as it is now; where no answer can be had the session goes on.
 */
#ifndef AUTH_STANDING_H
#define AUTH_STANDING_H

#include "auth/ticket.h"
#include "directory/account.h"

#define STANDING_SIZE_MAX  160 /* encoded */
#define STANDING_BATCH_MAX 32

struct directory_again;

struct standing {
	uint32_t directory; /* its number in the configuration of the generation that signed */
	char id[64];
	int64_t password_set; /* ACCOUNT_ABSENT where the directory does not say */
	char session[32];     /* for the log */
};

enum standing_state { STANDING_GOOD, STANDING_ENDED, STANDING_UNKNOWN };

/* Length, 0 when it does not fit. */
size_t standing_sign(const struct standing *standing, const unsigned char key[TICKET_KEY_SIZE],
		     void *to, size_t size);
bool standing_verify(struct span encoded, const unsigned char key[TICKET_KEY_SIZE],
		     struct standing *standing);

/* By the entry as it is now; NULL = as at the login, else why the session ends. */
const char *standing_fault(const struct standing *standing, const struct directory_again *now);

#endif
