/* SPDX-License-Identifier: ISC */
/* NTLM messages, bare or inside SPNEGO: a claim is well-formed text, and being made whole does not
 * change it. */
#include "auth/ntlm.h"

#include <stdlib.h>
#include <string.h>

#include "auth/spnego.h"
#include "base/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(struct span message)
{
	struct ntlm_claim claim, again;
	struct buffer room = BUFFER_EMPTY;
	struct span whole = ntlm_whole(message, &room);
	bool good = ntlm_claim_read(message, &claim);

	if (ntlm_type_of(message) != ntlm_type_of(whole))
		abort();
	if (good && (!ntlm_claim_read(whole, &again) || strcmp(claim.user, again.user) != 0 ||
		     claim.version_2 != again.version_2))
		abort();
	if (good && strcspn(claim.user, "\r\n") != strlen(claim.user))
		abort();
	buffer_clear(&room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span token = span_make(data, size), inner = spnego_inner(token);

	look(token);
	look(inner);
	/* A message is found where it is, or is said to be elsewhere. */
	if (ntlm_type_of(token) != NTLM_NONE && !ntlm_is_elsewhere(token, span_make(NULL, 0)))
		abort();
	if (ntlm_type_of(inner) != NTLM_NONE && !ntlm_is_elsewhere(token, span_make(NULL, 0)))
		abort();
	return 0;
}
