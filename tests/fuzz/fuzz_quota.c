/* SPDX-License-Identifier: ISC */
/* Any bytes as a quota value: never no limit unless it says so. */
#include "directory/quota.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make(data, size);
	struct quota quota = quota_parse(text, 1024);

	if (quota.kind == QUOTA_NONE)
		assert(span_is_nocase(span_trim(text), "none") || span_is(span_trim(text), "-1"));
	if (quota.kind == QUOTA_LIMIT)
		assert(quota.octets > 0);
	else
		assert(quota.octets == 0);
	assert(quota_octets(quota, 7) > 0 || quota.kind == QUOTA_NONE);
	return 0;
}
