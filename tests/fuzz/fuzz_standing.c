/* SPDX-License-Identifier: ISC */
/* The decoder behind the signature, as for tickets: what passes must be what is signed again. */
#include "auth/elsewhere.h"
#include "auth/standing.h"
#include "io/tls.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char key[TICKET_KEY_SIZE] = "a key";
	char bytes[ELSEWHERE_SIZE_MAX], again[ELSEWHERE_SIZE_MAX];
	unsigned char mac[MAC_SIZE];
	struct standing standing;
	struct elsewhere elsewhere;

	if (size > ELSEWHERE_SIZE_MAX - 16)
		return 0;
	memcpy(bytes, data, size);
	mac_sha256(span_make(key, sizeof(key)), span_make(bytes, size), mac);
	memcpy(bytes + size, mac, 16);
	if (standing_verify(span_make(bytes, size + 16), key, &standing)) {
		size_t length = standing_sign(&standing, key, again, sizeof(again));
		if (length != size + 16 || memcmp(again, bytes, length) != 0)
			abort();
	}
	if (elsewhere_verify(span_make(bytes, size + 16), key, 0, &elsewhere)) {
		size_t length = elsewhere_sign(&elsewhere, key, again, sizeof(again));
		if (length != size + 16 || memcmp(again, bytes, length) != 0)
			abort();
	}
	(void)standing_verify(span_make(data, size), key, &standing);
	return 0;
}
