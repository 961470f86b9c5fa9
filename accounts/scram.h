/* SPDX-License-Identifier: ISC */
/*
 * The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677),
 * from stored keys alone. Messages in, messages out; no input or output, no search:
 * the caller finds the keys of the user that the first message names, and passes
 * keys of nobody when there is no such user, so that the dialogue looks the same.
 *
 *	scram_first -> scram_challenge -> scram_final
 */
#ifndef ACCOUNTS_SCRAM_H
#define ACCOUNTS_SCRAM_H

#include "accounts/scram_keys.h"

#define SCRAM_NAME_SIZE    513  /* decoded, with NUL */
#define SCRAM_MESSAGE_MAX  2048 /* octets of a message of the client */
#define SCRAM_ANSWER_SIZE  512  /* of one of ours, with NUL */
#define SCRAM_NONCE_MAX    128  /* characters of the client's */
#define SCRAM_NONCE_OCTETS 18   /* of ours, before base64 */

struct scram_terms {
	bool plus;             /* SCRAM-SHA-256-PLUS */
	bool plus_offered;     /* it is among what the client was offered */
	struct span end_point; /* tls-server-end-point (RFC 5929), the octets; empty = none */
	struct span exporter;  /* tls-exporter (RFC 9266) */
};

struct scram {
	struct scram_terms terms;
	struct scram_keys keys;
	char user[SCRAM_NAME_SIZE];
	char authzid[SCRAM_NAME_SIZE];   /* "" = the user */
	char binding[SCRAM_MESSAGE_MAX]; /* what c= must say: gs2-header and channel data */
	size_t binding_length;
	char nonce[SCRAM_NONCE_MAX + 2 * SCRAM_NONCE_OCTETS + 1]; /* the client's, then with ours */
	char first_bare[SCRAM_MESSAGE_MAX + 1];
	char challenge[SCRAM_ANSWER_SIZE];
};

/* Spans of the terms stay the caller's. */
void scram_init(struct scram *scram, const struct scram_terms *terms);
void scram_wipe(struct scram *scram);
/* Fills user and authzid. False with *why (static): malformed, or a binding that cannot be. */
bool scram_first(struct scram *scram, struct span message, const char **why);
/* The server's first message, in scram->challenge; `nonce`: SCRAM_NONCE_OCTETS of chance. */
const char *scram_challenge(struct scram *scram, const struct scram_keys *keys,
			    const unsigned char nonce[SCRAM_NONCE_OCTETS]);
/* True: the proof is right; the server's last message is in `to`. */
bool scram_final(struct scram *scram, struct span message, char to[SCRAM_ANSWER_SIZE],
		 const char **why);

/* Keys of nobody: for one user always the same salt, as if he were there. */
void scram_keys_pretend(const unsigned char secret[SCRAM_KEY_SIZE], const char *user,
			uint32_t iterations, struct scram_keys *keys);

#endif
