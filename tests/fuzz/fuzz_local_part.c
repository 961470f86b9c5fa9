/* SPDX-License-Identifier: ISC */
/* What a stranger's local part stands for: a name that Exchange has encoded, and one with a tag. */
#include "routing/routing_private.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char local[ADDRESS_LOCAL_MAX + 1], cut[ADDRESS_LOCAL_MAX + 1], decoded[ADDRESS_LOCAL_MAX];

	if (!span_copy(span_make(data, size), local, sizeof(local)))
		return 0;
	/* It never grows, and begins as an X.500 name does. */
	if (imceaex_decode(local, decoded, sizeof(decoded)) &&
	    (decoded[0] != '/' || strlen(decoded) + strlen("IMCEAEX-") > strlen(local)))
		abort();
	if (subaddress_cut(local, "+-", cut) &&
	    (cut[0] == '\0' || strlen(cut) >= strlen(local) || strpbrk(cut + 1, "+-") ||
	     strncmp(cut, local, strlen(cut)) != 0))
		abort();
	return 0;
}
