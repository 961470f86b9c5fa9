/* SPDX-License-Identifier: ISC */
/* Cut anywhere, a message has the same fields and no byte is lost. The first byte says where. */
#include <assert.h>

#include "mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t scan(struct header *header, struct span text, size_t piece)
{
	struct header_cut cut;
	size_t before = 0;

	header_init(header);
	while (text.length > 0 && !header->ended) {
		size_t n = piece < text.length ? piece : text.length;

		(void)header_scan(header, span_make(text.at, n), &cut);
		before += cut.before[0].length + cut.before[1].length;
		assert(cut.after[0].length <= HEADER_NAME_MAX && cut.after[1].length <= n);
		text = span_skip(text, n);
	}
	return before;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make(data + 1, size - 1);
	struct header whole, cut;

	if (size < 2)
		return 0;
	assert(scan(&whole, text, size) == scan(&cut, text, 1 + data[0] % 16u));
	assert(whole.received == cut.received && whole.ended == cut.ended);
	assert(whole.has_date == cut.has_date && whole.has_message_id == cut.has_message_id);
	return 0;
}
