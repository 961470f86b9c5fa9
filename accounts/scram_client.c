/* SPDX-License-Identifier: ISC */
#include "accounts/scram_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/password.h"
#include "base/base64.h"
#include "base/memory.h"
#include "io/tls.h"

enum {
	ITERATIONS_MOST = 1000000,
	NAME_ENCODED = 3 * SCRAM_NAME_SIZE,
	AUTH_SIZE = 3 * SCRAM_MESSAGE_MAX
};

struct scram_client {
	char password[PASSWORD_NORMAL_SIZE];
	char header[64 + NAME_ENCODED]; /* gs2-header */
	char binding[SCRAM_MESSAGE_MAX];
	size_t binding_length;
	char nonce[2 * SCRAM_NONCE_OCTETS + 1];
	char first[64 + 2 * NAME_ENCODED + 2 * SCRAM_NONCE_OCTETS + 16];
	const char *bare;                        /* in first, behind the header */
	unsigned char signature[SCRAM_KEY_SIZE]; /* that a server which knows the password sends */
};

/* saslname: "," and "=" stand for something else. False: it does not fit. */
static bool name_encode(const char *name, char *to, size_t size)
{
	size_t used = 0;

	for (; *name; name++) {
		const char *code = *name == ',' ? "=2C" : *name == '=' ? "=3D" : NULL;

		if (used + 4 > size)
			return false;
		if (code) {
			memcpy(to + used, code, 3);
			used += 3;
		} else {
			to[used++] = *name;
		}
	}
	to[used] = '\0';
	return used > 0;
}

/* What c= will say: the header, and the octets of the binding. */
static bool keep_binding(struct scram_client *client, const struct scram_client_ask *ask)
{
	size_t length = ask->plus ? ask->binding.length : 0;
	bool acts = ask->authzid && ask->authzid[0];
	char authzid[NAME_ENCODED] = "";
	int header;

	if (acts && !name_encode(ask->authzid, authzid, sizeof authzid))
		return false;
	header = snprintf(client->header, sizeof client->header, "%s%s,%s%s,",
			  ask->plus	    ? "p="
			  : ask->could_bind ? "y"
					    : "n",
			  ask->plus ? ask->binding_name : "", acts ? "a=" : "", authzid);
	if (header < 0 || (size_t)header >= sizeof client->header ||
	    (size_t)header + length > sizeof client->binding)
		return false;
	memcpy(client->binding, client->header, (size_t)header);
	if (length > 0)
		memcpy(client->binding + header, ask->binding.at, length);
	client->binding_length = (size_t)header + length;
	return true;
}

struct scram_client *scram_client_new(const struct scram_client_ask *ask, const char **why)
{
	struct scram_client *client = memory_new(sizeof *client);
	char name[NAME_ENCODED];

	*why = "a password that no text of RFC 8265 is";
	if (!password_normalize(ask->password, client->password))
		goto fail;
	*why = "a user name that cannot be sent";
	if (!name_encode(ask->user, name, sizeof name) || !keep_binding(client, ask))
		goto fail;
	memcpy(client->nonce, ask->nonce, sizeof client->nonce);
	snprintf(client->first, sizeof client->first, "%sn=%s,r=%s", client->header, name,
		 client->nonce);
	client->bare = client->first + strlen(client->header);
	return client;
fail:
	scram_client_free(client);
	return NULL;
}

void scram_client_free(struct scram_client *client)
{
	if (!client)
		return;
	memory_wipe(client, sizeof *client);
	free(client);
}

const char *scram_client_first(const struct scram_client *client)
{
	return client->first;
}

struct offer { /* of the server's first message */
	struct span nonce;
	struct scram_keys keys;
};

static bool take_part(struct span *rest, char letter, struct span *value)
{
	struct span part;

	if (!rest->at || !span_cut(rest, ',', &part) || part.length < 2 || part.at[0] != letter ||
	    part.at[1] != '=')
		return false;
	*value = span_skip(part, 2);
	return true;
}

static bool take_offer(const struct scram_client *client, struct span message, struct offer *offer,
		       const char **why)
{
	struct span rest = message, salt, count;
	uint64_t iterations;
	size_t mine = strlen(client->nonce);

	*why = "malformed SCRAM challenge";
	if (message.length > SCRAM_MESSAGE_MAX || span_has_nul(message) ||
	    !take_part(&rest, 'r', &offer->nonce) || !take_part(&rest, 's', &salt) ||
	    !take_part(&rest, 'i', &count) || !span_number(count, &iterations) ||
	    !base64_decode(salt, offer->keys.salt, sizeof offer->keys.salt,
			   &offer->keys.salt_length) ||
	    offer->keys.salt_length == 0)
		return false;
	*why = "SCRAM with another nonce";
	if (offer->nonce.length <= mine || memcmp(offer->nonce.at, client->nonce, mine) != 0)
		return false;
	*why = "SCRAM with fewer than 4,096 or more than 1,000,000 iterations";
	offer->keys.iterations = (uint32_t)iterations;
	return iterations >= SCRAM_ITERATIONS_MIN && iterations <= ITERATIONS_MOST;
}

/* The proof, and what the server must answer to it. */
static void prove(struct scram_client *client, struct offer *offer, struct span message,
		  unsigned char proof[SCRAM_KEY_SIZE])
{
	unsigned char key[SCRAM_KEY_SIZE];

	scram_keys_derive_client(&offer->keys, span_text(client->password), key);
	mac_sha256(span_make(offer->keys.stored_key, SCRAM_KEY_SIZE), message, proof);
	for (size_t i = 0; i < SCRAM_KEY_SIZE; i++)
		proof[i] ^= key[i];
	mac_sha256(span_make(offer->keys.server_key, SCRAM_KEY_SIZE), message, client->signature);
	memory_wipe(key, sizeof key);
	memory_wipe(offer, sizeof *offer);
}

bool scram_client_final(struct scram_client *client, struct span message, char *to, size_t size,
			const char **why)
{
	char text[AUTH_SIZE], binding[BASE64_ENCODED(SCRAM_MESSAGE_MAX)],
		encoded[BASE64_ENCODED(SCRAM_KEY_SIZE)];
	unsigned char proof[SCRAM_KEY_SIZE];
	struct offer offer = { 0 };
	int without, length;

	if (!take_offer(client, message, &offer, why))
		return false;
	*why = "SCRAM messages that are too long";
	base64_encode(span_make(client->binding, client->binding_length), binding, sizeof binding);
	without =
		snprintf(to, size, "c=%s,r=%.*s", binding, (int)offer.nonce.length, offer.nonce.at);
	length = snprintf(text, sizeof text, "%s,%.*s,%s", client->bare, (int)message.length,
			  message.at, to);
	if (without < 0 || (size_t)without + sizeof encoded + 3 > size || length < 0 ||
	    (size_t)length >= sizeof text)
		return false;
	prove(client, &offer, span_make(text, (size_t)length), proof);
	base64_encode(span_make(proof, sizeof proof), encoded, sizeof encoded);
	snprintf(to + without, size - (size_t)without, ",p=%s", encoded);
	return true;
}

bool scram_client_proved(const struct scram_client *client, struct span message, const char **why)
{
	unsigned char signature[SCRAM_KEY_SIZE];
	struct span rest = message, value;
	size_t length;

	if (take_part(&rest, 'e', &value)) {
		*why = "SCRAM was refused";
		return false;
	}
	rest = message;
	*why = "the server did not prove that it knows the password";
	return take_part(&rest, 'v', &value) &&
	       base64_decode(value, signature, sizeof signature, &length) &&
	       length == sizeof signature &&
	       memory_equal(signature, client->signature, sizeof signature);
}
