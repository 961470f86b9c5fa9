/* SPDX-License-Identifier: ISC */
#include "accounts/scram_keys.h"

#include <gnutls/crypto.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/memory.h"
#include "io/tls.h"

void scram_keys_derive_client(struct scram_keys *keys, struct span password,
			      unsigned char client[SCRAM_KEY_SIZE])
{
	unsigned char salted[SCRAM_KEY_SIZE] = { 0 };
	const gnutls_datum_t secret = { (unsigned char *)password.at, (unsigned)password.length };
	const gnutls_datum_t salt = { keys->salt, (unsigned)keys->salt_length };
	struct span key = span_make(salted, sizeof salted);

	/* RFC 5802 section 3: Hi() is PBKDF2 with HMAC and one block. */
	if (gnutls_pbkdf2(GNUTLS_MAC_SHA256, &secret, &salt, keys->iterations, salted,
			  sizeof salted) != 0)
		memory_die("PBKDF2 failed");
	mac_sha256(key, span_text("Client Key"), client);
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, client, SCRAM_KEY_SIZE, keys->stored_key) != 0)
		memory_die("SHA-256 failed");
	mac_sha256(key, span_text("Server Key"), keys->server_key);
	memory_wipe(salted, sizeof salted);
}

void scram_keys_derive(struct scram_keys *keys, struct span password)
{
	unsigned char client[SCRAM_KEY_SIZE];

	scram_keys_derive_client(keys, password, client);
	memory_wipe(client, sizeof client);
}

static bool take_key(struct span text, unsigned char key[SCRAM_KEY_SIZE])
{
	size_t length;

	return base64_decode(text, key, SCRAM_KEY_SIZE, &length) && length == SCRAM_KEY_SIZE;
}

bool scram_keys_parse(struct span text, struct scram_keys *keys)
{
	struct span parts[4];
	uint64_t iterations;

	for (size_t i = 0; i < 4; i++)
		if (!text.at || !span_cut(&text, ':', &parts[i]))
			return false;
	if (text.at || !span_number(parts[0], &iterations) || iterations < SCRAM_ITERATIONS_MIN ||
	    iterations > SCRAM_ITERATIONS_MAX)
		return false;
	keys->iterations = (uint32_t)iterations;
	return base64_decode(parts[1], keys->salt, sizeof keys->salt, &keys->salt_length) &&
	       keys->salt_length > 0 && take_key(parts[2], keys->stored_key) &&
	       take_key(parts[3], keys->server_key);
}

void scram_keys_print(const struct scram_keys *keys, char to[SCRAM_KEYS_TEXT])
{
	char salt[BASE64_ENCODED(SCRAM_SALT_MAX)], stored[BASE64_ENCODED(SCRAM_KEY_SIZE)],
		server[BASE64_ENCODED(SCRAM_KEY_SIZE)];

	base64_encode(span_make(keys->salt, keys->salt_length), salt, sizeof salt);
	base64_encode(span_make(keys->stored_key, SCRAM_KEY_SIZE), stored, sizeof stored);
	base64_encode(span_make(keys->server_key, SCRAM_KEY_SIZE), server, sizeof server);
	snprintf(to, SCRAM_KEYS_TEXT, "%u:%s:%s:%s", keys->iterations, salt, stored, server);
	memory_wipe(stored, sizeof stored);
	memory_wipe(server, sizeof server);
}
