/* SPDX-License-Identifier: ISC */
/* Any bytes as a maildirsize file: a sum that fits, or to be calculated anew. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "store/maildirsize.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = memory_text_n(data, size);
	struct maildirsize sizes;

	if (maildirsize_parse(span_make(text, size), &sizes)) {
		assert(size > 0 && text[size - 1] == '\n');
		assert(sizes.octets <= INT64_MAX && sizes.messages <= INT64_MAX);
	}
	free(text);
	return 0;
}
