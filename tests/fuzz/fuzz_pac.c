/* SPDX-License-Identifier: ISC */
/* A ticket's logon information: what is taken for an identifier is one. */
#include "auth/pac.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char sid[SID_SIZE_MAX], text[192], again[SID_SIZE_MAX];
	const char *why;
	size_t length, second;

	if (!pac_user_sid(span_make(data, size), sid, &length, &why))
		return 0;
	if (!sid_text(span_make(sid, length), text, sizeof(text)) ||
	    !sid_parse(span_text(text), again, &second) ||
	    !span_equal(span_make(sid, length), span_make(again, second)))
		abort();
	return 0;
}
