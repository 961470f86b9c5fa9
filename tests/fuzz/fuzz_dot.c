/* SPDX-License-Identifier: ISC */
/* Cut anywhere, DATA has the same end and the same text. The first byte says where. */
#include <assert.h>
#include <string.h>

#include "base/buffer.h"
#include "mail/dot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum dot_found decode(struct span text, size_t piece, struct buffer *to)
{
	enum dot_found found = DOT_MORE;
	struct dot dot = { 0 };
	struct span run;

	while (text.length > 0 && found == DOT_MORE) {
		struct span input = span_make(text.at, piece < text.length ? piece : text.length);
		size_t given = input.length;

		found = dot_next(&dot, &input, &run);
		buffer_add(to, run.at, run.length);
		text = span_skip(text, given - input.length);
	}
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer whole = BUFFER_EMPTY, cut = BUFFER_EMPTY;

	if (size < 2)
		return 0;
	enum dot_found found = decode(span_make(data + 1, size - 1), size, &whole);
	assert(found == decode(span_make(data + 1, size - 1), 1 + data[0] % 16u, &cut));
	assert(found == DOT_BARE || span_equal(buffer_span(&whole), buffer_span(&cut)));
	buffer_clear(&whole);
	buffer_clear(&cut);
	return 0;
}
