/* SPDX-License-Identifier: ISC */
/* Any two messages of a server, with a newline between: it does not prove that it knows the
 * password. */
#include <assert.h>
#include <string.h>

#include "accounts/scram_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Very many iterations are right, and only slow. */
static bool is_slow(struct span message)
{
	unsigned digits = 0;

	for (size_t i = 0; i < message.length; i++) {
		digits = message.at[i] >= '0' && message.at[i] <= '9' ? digits + 1 : 0;
		if (digits > 4)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span last = span_make(data, size), first;
	char to[2 * SCRAM_MESSAGE_MAX];
	const char *why;

	if (!span_cut(&last, '\n', &first) || is_slow(first))
		return 0;
	for (unsigned plus = 0; plus < 2; plus++) {
		struct scram_client_ask ask = { .user = "a,b=c",
						.password = span_text("not this one"),
						.plus = plus,
						.binding_name = "tls-exporter",
						.binding = span_text("exporter"),
						.nonce = "rOprNGfwEbeRWgbNEkqO" };
		struct scram_client *client = scram_client_new(&ask, &why);

		assert(client);
		if (scram_client_final(client, first, to, sizeof to, &why)) {
			assert(strncmp(to, "c=", 2) == 0 && strstr(to, ",p="));
			assert(!scram_client_proved(client, last, &why));
		}
		assert(why);
		scram_client_free(client);
	}
	return 0;
}
