/* SPDX-License-Identifier: ISC */
#include "accounts/scram.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/memory.h"
#include "io/tls.h"

enum { PRETEND_SALT = 16, AUTH_MESSAGE_SIZE = 2 * SCRAM_MESSAGE_MAX + SCRAM_ANSWER_SIZE + 3 };

void scram_init(struct scram *scram, const struct scram_terms *terms)
{
	memset(scram, 0, sizeof *scram);
	scram->terms = *terms;
}

void scram_wipe(struct scram *scram)
{
	memory_wipe(scram, sizeof *scram);
}

/* saslname: "=2C" is a comma, "=3D" an equals sign, and no other of these stands there. */
static bool name_decode(struct span text, char to[SCRAM_NAME_SIZE])
{
	size_t used = 0;

	if (text.length == 0 || span_has_nul(text) || !utf8_valid(text))
		return false;
	for (size_t i = 0; i < text.length; i++) {
		char octet = text.at[i];

		if (octet == '=') {
			struct span code = span_make(text.at + i, text.length - i < 3 ? 0 : 3);

			if (!span_is(code, "=2C") && !span_is(code, "=3D"))
				return false;
			octet = text.at[i + 2] == 'C' ? ',' : '=';
			i += 2;
		}
		if (used + 1 >= SCRAM_NAME_SIZE)
			return false;
		to[used++] = octet;
	}
	to[used] = '\0';
	return true;
}

/* "x=" in front; what is behind in *value. */
static bool attribute(struct span text, char letter, struct span *value)
{
	if (text.length < 2 || text.at[0] != letter || text.at[1] != '=')
		return false;
	*value = span_skip(text, 2);
	return true;
}

/* The octets of the binding that the client chose; empty: we have none of that name. */
static struct span binding_named(const struct scram_terms *terms, struct span name)
{
	if (span_is(name, "tls-exporter"))
		return terms->exporter;
	if (span_is(name, "tls-server-end-point"))
		return terms->end_point;
	return span_text("");
}

/* RFC 5802 section 6: the flag must fit to the mechanism, and nobody may have taken -PLUS off the
 * list. */
static const char *flag_wrong(const struct scram_terms *terms, struct span flag, struct span *data)
{
	struct span name;

	*data = span_text("");
	if (attribute(flag, 'p', &name)) {
		if (!terms->plus)
			return "a channel binding without -PLUS";
		*data = binding_named(terms, name);
		return data->length > 0 ? NULL : "a channel binding that this connection has not";
	}
	if (terms->plus)
		return "-PLUS without a channel binding";
	if (span_is(flag, "y"))
		return terms->plus_offered ? "the client did not see that -PLUS was offered" : NULL;
	return span_is(flag, "n") ? NULL : "malformed channel binding flag";
}

static bool keep_binding(struct scram *scram, struct span header, struct span data)
{
	if (header.length + data.length > sizeof scram->binding)
		return false;
	memcpy(scram->binding, header.at, header.length);
	if (data.length > 0)
		memcpy(scram->binding + header.length, data.at, data.length);
	scram->binding_length = header.length + data.length;
	return true;
}

/* Printable ASCII but the comma (RFC 5802 section 7). */
static bool nonce_valid(struct span nonce)
{
	for (size_t i = 0; i < nonce.length; i++)
		if (nonce.at[i] < 0x21 || nonce.at[i] > 0x7e || nonce.at[i] == ',')
			return false;
	return nonce.length > 0 && nonce.length <= SCRAM_NONCE_MAX;
}

/* client-first-message-bare; "m=" in front would be an extension that must be understood. */
static bool take_bare(struct scram *scram, struct span bare)
{
	struct span user, nonce, part, rest = bare;

	return span_copy(bare, scram->first_bare, sizeof scram->first_bare) &&
	       span_cut(&rest, ',', &part) && attribute(part, 'n', &user) &&
	       name_decode(user, scram->user) && rest.at && span_cut(&rest, ',', &part) &&
	       attribute(part, 'r', &nonce) && nonce_valid(nonce) &&
	       span_copy(nonce, scram->nonce, SCRAM_NONCE_MAX + 1);
}

bool scram_first(struct scram *scram, struct span message, const char **why)
{
	struct span rest = message, flag, authzid, name, data;

	*why = "malformed first message";
	if (message.length > SCRAM_MESSAGE_MAX || span_has_nul(message) ||
	    !span_cut(&rest, ',', &flag) || !rest.at || !span_cut(&rest, ',', &authzid) || !rest.at)
		return false;
	if (authzid.length > 0 &&
	    !(attribute(authzid, 'a', &name) && name_decode(name, scram->authzid)))
		return false;
	if (!take_bare(scram, rest))
		return false;
	*why = flag_wrong(&scram->terms, flag, &data);
	if (*why)
		return false;
	*why = "channel binding too long";
	return keep_binding(scram, span_make(message.at, (size_t)(rest.at - message.at)), data);
}

const char *scram_challenge(struct scram *scram, const struct scram_keys *keys,
			    const unsigned char nonce[SCRAM_NONCE_OCTETS])
{
	char salt[BASE64_ENCODED(SCRAM_SALT_MAX)];
	size_t length = strlen(scram->nonce);

	scram->keys = *keys;
	base64_encode(span_make(nonce, SCRAM_NONCE_OCTETS), scram->nonce + length,
		      sizeof scram->nonce - length);
	base64_encode(span_make(keys->salt, keys->salt_length), salt, sizeof salt);
	snprintf(scram->challenge, sizeof scram->challenge, "r=%s,s=%s,i=%u", scram->nonce, salt,
		 keys->iterations);
	return scram->challenge;
}

/* client-first-message-bare, server-first-message, client-final-message-without-proof */
static size_t auth_message(const struct scram *scram, struct span final, char to[AUTH_MESSAGE_SIZE])
{
	return (size_t)snprintf(to, AUTH_MESSAGE_SIZE, "%s,%s,%.*s", scram->first_bare,
				scram->challenge, (int) final.length, final.at);
}

/* ClientKey = proof XOR HMAC(StoredKey, message); its hash is StoredKey again. */
static bool proof_right(const struct scram *scram, struct span message,
			const unsigned char proof[SCRAM_KEY_SIZE])
{
	unsigned char key[SCRAM_KEY_SIZE], hash[SCRAM_KEY_SIZE] = { 0 };
	bool right;

	mac_sha256(span_make(scram->keys.stored_key, SCRAM_KEY_SIZE), message, key);
	for (size_t i = 0; i < SCRAM_KEY_SIZE; i++)
		key[i] ^= proof[i];
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, key, sizeof key, hash) != 0)
		memory_die("SHA-256 failed");
	right = memory_equal(hash, scram->keys.stored_key, SCRAM_KEY_SIZE);
	memory_wipe(key, sizeof key); /* with it one could log in */
	return right;
}

static bool binding_right(const struct scram *scram, struct span text)
{
	char bound[SCRAM_MESSAGE_MAX];
	size_t length;

	return base64_decode(text, bound, sizeof bound, &length) &&
	       length == scram->binding_length && memory_equal(bound, scram->binding, length);
}

bool scram_final(struct scram *scram, struct span message, char to[SCRAM_ANSWER_SIZE],
		 const char **why)
{
	char text[AUTH_MESSAGE_SIZE];
	unsigned char proof[SCRAM_KEY_SIZE], signature[SCRAM_KEY_SIZE];
	char encoded[BASE64_ENCODED(SCRAM_KEY_SIZE)];
	struct span rest = message, binding, nonce, value, part, signed_text;
	size_t length;
	const char *last = message.length ? memrchr(message.at, ',', message.length) : NULL;

	*why = "malformed last message";
	if (!last || message.length > SCRAM_MESSAGE_MAX || span_has_nul(message) ||
	    !span_cut(&rest, ',', &part) || !attribute(part, 'c', &binding) ||
	    !span_cut(&rest, ',', &part) || !attribute(part, 'r', &nonce) ||
	    !attribute(span_skip(message, (size_t)(last - message.at) + 1), 'p', &value) ||
	    !base64_decode(value, proof, sizeof proof, &length) || length != sizeof proof)
		return false;
	*why = "another nonce";
	if (!span_is(nonce, scram->nonce))
		return false;
	*why = "the channel binding is not that of this connection";
	if (!binding_right(scram, binding))
		return false;
	signed_text = span_make(
		text,
		auth_message(scram, span_make(message.at, (size_t)(last - message.at)), text));
	*why = "wrong password";
	if (!proof_right(scram, signed_text, proof))
		return false;
	mac_sha256(span_make(scram->keys.server_key, SCRAM_KEY_SIZE), signed_text, signature);
	base64_encode(span_make(signature, sizeof signature), encoded, sizeof encoded);
	snprintf(to, SCRAM_ANSWER_SIZE, "v=%s", encoded);
	return true;
}

void scram_keys_pretend(const unsigned char secret[SCRAM_KEY_SIZE], const char *user,
			uint32_t iterations, struct scram_keys *keys)
{
	unsigned char salt[MAC_SIZE];

	memset(keys, 0, sizeof *keys);
	mac_sha256(span_make(secret, SCRAM_KEY_SIZE), span_text(user), salt);
	memcpy(keys->salt, salt, PRETEND_SALT);
	keys->salt_length = PRETEND_SALT;
	keys->iterations = iterations;
	random_bytes(keys->stored_key, sizeof keys->stored_key);
	random_bytes(keys->server_key, sizeof keys->server_key);
}
