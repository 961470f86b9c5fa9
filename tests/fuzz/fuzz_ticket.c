/* SPDX-License-Identifier: ISC */
/* The decoder behind the signature: the input is signed rightly here. What passes must be what is
 * signed again. */
#include "auth/ticket.h"
#include "io/tls.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char key[TICKET_KEY_SIZE] = "a key";
	char bytes[TICKET_SIZE_MAX + 100], again[TICKET_SIZE_MAX];
	unsigned char mac[MAC_SIZE];
	struct ticket ticket;

	if (size > TICKET_SIZE_MAX)
		return 0;
	memcpy(bytes, data, size);
	mac_sha256(span_make(key, sizeof(key)), span_make(bytes, size), mac);
	memcpy(bytes + size, mac, 16);
	if (ticket_verify(span_make(bytes, size + 16), key, TICKET_READ, 0, &ticket)) {
		size_t length = ticket_sign(&ticket, key, again, sizeof(again));
		if (length != size + 16 || memcmp(again, bytes, length) != 0)
			abort();
	}
	(void)ticket_verify(span_make(data, size), key, TICKET_DELIVER, 0, &ticket);
	return 0;
}
