/* SPDX-License-Identifier: ISC */
/* Any two messages of a client, with a newline between: nobody gets in without the password. */
#include <assert.h>
#include <string.h>

#include "accounts/scram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char secret[SCRAM_KEY_SIZE], nonce[SCRAM_NONCE_OCTETS];
	struct span rest = span_make(data, size), first;
	char answer[SCRAM_ANSWER_SIZE];
	struct scram_keys keys;
	struct scram scram;
	const char *why;

	for (unsigned plus = 0; plus < 2; plus++) {
		struct span last = rest;
		struct scram_terms terms = { plus, plus, span_text("end point"),
					     span_text("exporter") };

		if (!span_cut(&last, '\n', &first))
			return 0;
		scram_init(&scram, &terms);
		if (!scram_first(&scram, first, &why)) {
			assert(why);
			continue;
		}
		assert(scram.user[0] && memchr(scram.user, '\0', sizeof scram.user));
		scram_keys_pretend(secret, scram.user, SCRAM_ITERATIONS_MIN, &keys);
		assert(strlen(scram_challenge(&scram, &keys, nonce)) < SCRAM_ANSWER_SIZE - 1);
		assert(!scram_final(&scram, last, answer, &why) && why);
	}
	return 0;
}
