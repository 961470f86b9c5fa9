/* SPDX-License-Identifier: ISC */
/*
 * SCRAM-SHA-256 and -PLUS as an exchange: accounts/scram.h says what the messages are,
 * auth/auth.h whose keys they are checked with and what wrong ones cost. The last
 * message of the server goes out as a challenge, since neither SMTP (RFC 4954
 * section 4) nor POP3 has room for it beside its success; the client's answer to it is empty.
 */
#ifndef AUTH_SCRAM_EXCHANGE_H
#define AUTH_SCRAM_EXCHANGE_H

#include "auth/exchange.h"

struct scram_exchange;

/* NULL: another mechanism. The ask and its spans stay the caller's and outlive it. */
struct scram_exchange *scram_exchange_new(const struct exchange_ask *ask);
void scram_exchange_free(struct scram_exchange *scram);
const char *
scram_exchange_user(const struct scram_exchange *scram); /* "" before the first message */
const char *scram_exchange_authzid(const struct scram_exchange *scram);

enum scram_step {
	SCRAM_MORE, /* *out goes to the client, and is good until the next call */
	SCRAM_PROVED,
	SCRAM_FAILED /* *verdict, and `cause` in its room */
};
/* `user`: as auth_ask has it, but for the name. */
enum scram_step scram_exchange_next(struct scram_exchange *scram, struct auth *auth,
				    const struct auth_ask *user, struct span response,
				    struct span *out, enum auth_verdict *verdict, char *cause,
				    size_t size);

#endif
