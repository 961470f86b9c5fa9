/* SPDX-License-Identifier: ISC */
#include "directory/escape.h"

#include "base/buffer.h"

static bool is_harmless(unsigned char c)
{
	/* RFC 4515 section 3, valueencoding: these four and NUL must be escaped. */
	return c > 0x20 && c < 0x7f && c != '(' && c != ')' && c != '*' && c != '\\';
}

void escape_filter_value(struct buffer *to, struct span value)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < value.length; i++) {
		unsigned char c = (unsigned char)value.at[i];

		if (is_harmless(c)) {
			buffer_add(to, value.at + i, 1);
		} else {
			char escaped[3] = { '\\', digits[c >> 4], digits[c & 15] };

			buffer_add(to, escaped, sizeof(escaped));
		}
	}
}
