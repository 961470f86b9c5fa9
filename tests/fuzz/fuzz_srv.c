/* SPDX-License-Identifier: ISC */
/* Any bytes as a DNS answer: records with a host and a port, or none. */
#include "directory/srv.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct srv records[SRV_MAX];
	size_t count = srv_parse(data, size, records);

	assert(count <= SRV_MAX);
	for (size_t i = 0; i < count; i++)
		assert(records[i].host[0] && records[i].port);
	return 0;
}
