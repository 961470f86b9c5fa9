/* SPDX-License-Identifier: ISC */
/* With a domain that masks itself a header becomes what it was. */
#include <assert.h>
#include <string.h>

#include "relay/masquerade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool ours(const void *context, const char *domain)
{
	return strcmp(domain, context) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span header = span_make(data, size);
	struct buffer same = BUFFER_EMPTY, other = BUFFER_EMPTY;

	masquerade_header(header, "corp.example", ours, "corp.example", &same);
	assert(span_equal(buffer_span(&same), header));
	if (!masquerade_header(header, "x", ours, "corp.example", &other))
		assert(span_equal(buffer_span(&other), header));
	buffer_clear(&same);
	buffer_clear(&other);
	return 0;
}
