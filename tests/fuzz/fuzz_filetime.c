/* SPDX-License-Identifier: ISC */
/* Any bytes as an AD time: refused, or a number whose text it is. */
#include "directory/filetime.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t value;

	if (filetime_parse(span_make(data, size), &value)) {
		assert(size > 0);
		assert(filetime_unix(value) == FILETIME_NEVER || filetime_unix(value) < value);
	}
	return 0;
}
