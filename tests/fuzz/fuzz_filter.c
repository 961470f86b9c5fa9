/* SPDX-License-Identifier: ISC */
/* The first line is a filter template, the rest a value: no value changes the shape of the filter. */
#include "directory/filter.h"

#include <assert.h>

#include "base/buffer.h"

static size_t count_of(struct span text, char c)
{
	size_t count = 0;

	for (size_t i = 0; i < text.length; i++)
		count += text.at[i] == c;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span value = span_make(data, size), template;
	struct buffer to = BUFFER_EMPTY;
	const char *why;
	if (!span_cut(&value, '\n', &template))
		return 0;
	struct filter_values values = { value, value, value, value, value };
	struct filter *filter = filter_new(template, &why);

	if (filter) {
		filter_expand(filter, &values, &to);
		assert(count_of(buffer_span(&to), '(') == count_of(template, '('));
		assert(count_of(buffer_span(&to), '*') == count_of(template, '*'));
		assert(!span_has_nul(buffer_span(&to)));
	}
	buffer_clear(&to);
	filter_free(filter);
	return 0;
}
