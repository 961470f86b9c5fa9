/* SPDX-License-Identifier: ISC */
/* A line of a server: its text is a part of it, its status a part of that. */
#include <assert.h>
#include <stdint.h>

#include "mail/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reply_line line;
	size_t status;

	if (!reply_parse_line(span_make(data, size), &line))
		return 0;
	assert(line.code >= 200 && line.code <= 599);
	assert(line.text.at + line.text.length == (const char *)data + size);
	status = reply_status(line.text, line.code);
	assert(status <= line.text.length && (status == 0 || (status >= 5 && status <= 9)));
	return 0;
}
