/* SPDX-License-Identifier: ISC */
/* Any bytes as an MTA-STS policy, and as a record that tells of one. */
#include "mail/sts_policy.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_policy policy;
	char id[STS_ID_SIZE];

	if (sts_record_parse(span_make(data, size), id))
		assert(id[0] && strlen(id) < sizeof id);
	if (!sts_policy_parse(span_make(data, size), &policy))
		return 0;
	assert(policy.count <= STS_PATTERNS_MAX && policy.max_age <= STS_AGE_MAX);
	assert(policy.count || policy.mode == STS_NONE);
	for (size_t i = 0; i < policy.count; i++)
		(void)sts_policy_names(&policy, policy.patterns[i]);
	sts_policy_clear(&policy);
	return 0;
}
