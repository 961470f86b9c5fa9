/* SPDX-License-Identifier: ISC */
/* What the directory role says a list has become: what is accepted is what would be written. */
#include "routing/expansion_wire.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct expansion expansion, again;
	struct buffer octets = BUFFER_EMPTY;

	if (!expansion_read(span_make(data, size), &expansion)) {
		if (expansion.lists || expansion.refusals)
			abort();
		return 0;
	}
	expansion_write(&expansion, &octets);
	if (!expansion_read(buffer_span(&octets), &again) ||
	    again.lists_count != expansion.lists_count ||
	    again.refusals_count != expansion.refusals_count)
		abort();
	for (size_t i = 0; i < again.lists_count; i++)
		if (again.lists[i].count != expansion.lists[i].count)
			abort();
	expansion_clear(&again);
	expansion_clear(&expansion);
	buffer_clear(&octets);
	return 0;
}
