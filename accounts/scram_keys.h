/* SPDX-License-Identifier: ISC */
/*
 * What SCRAM-SHA-256 (RFC 5802, RFC 7677) lets a server keep in place of a
 * password: salt, iterations, StoredKey, ServerKey. Who reads them can pose as
 * this server and can try passwords, each at the price of the iterations; he
 * cannot log in.
 */
#ifndef ACCOUNTS_SCRAM_KEYS_H
#define ACCOUNTS_SCRAM_KEYS_H

#include "base/span.h"

#define SCRAM_KEY_SIZE       32
#define SCRAM_SALT_MAX       32
#define SCRAM_ITERATIONS_MIN 4096u /* RFC 7677 section 4 */
#define SCRAM_ITERATIONS_MAX 10000000u
#define SCRAM_KEYS_TEXT      200 /* "iterations:salt:stored:server", and NUL */

struct scram_keys {
	uint32_t iterations;
	size_t salt_length;
	unsigned char salt[SCRAM_SALT_MAX];
	unsigned char stored_key[SCRAM_KEY_SIZE];
	unsigned char server_key[SCRAM_KEY_SIZE];
};

/* Of a normalized password (accounts/password.h); salt and iterations are set by the caller. */
void scram_keys_derive(struct scram_keys *keys, struct span password);
/* The same, with ClientKey, by which one logs in: for wiping. */
void scram_keys_derive_client(struct scram_keys *keys, struct span password,
			      unsigned char client[SCRAM_KEY_SIZE]);
/* iterations:salt:stored:server, each but the first in base64. */
bool scram_keys_parse(struct span text, struct scram_keys *keys);
void scram_keys_print(const struct scram_keys *keys, char to[SCRAM_KEYS_TEXT]);

#endif
