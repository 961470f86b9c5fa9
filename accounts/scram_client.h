/* SPDX-License-Identifier: ISC */
/*
 * The client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), for
 * our own logins at other servers. No input or output.
 *
 *	scram_client_first -> scram_client_final -> scram_client_proved
 */
#ifndef ACCOUNTS_SCRAM_CLIENT_H
#define ACCOUNTS_SCRAM_CLIENT_H

#include "accounts/scram.h"

struct scram_client;

struct scram_client_ask {
	const char *user;
	const char *authzid; /* to act as; NULL or "" = the user */
	struct span password;
	bool plus;       /* -PLUS: bound to the TLS connection */
	bool could_bind; /* not plus: the server did not offer -PLUS, though we could ("y") */
	const char *binding_name;
	struct span binding;                    /* its octets */
	char nonce[2 * SCRAM_NONCE_OCTETS + 1]; /* of chance, printable, without a comma */
};

/* NULL with *why (static): a name or a password that cannot be sent. */
struct scram_client *scram_client_new(const struct scram_client_ask *ask, const char **why);
void scram_client_free(struct scram_client *client); /* wipes; NULL is fine */
const char *scram_client_first(const struct scram_client *client);
/* The server's first message; ours with the proof in `to`. False with *why. */
bool scram_client_final(struct scram_client *client, struct span message, char *to, size_t size,
			const char **why);
/* Does the server know the password as well? False with *why; then nothing must be sent to it. */
bool scram_client_proved(const struct scram_client *client, struct span message, const char **why);

#endif
