/* SPDX-License-Identifier: ISC */
/* From and Sender fields of strangers. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/authors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct authors authors;

	if (size == 0)
		return 0;
	authors_read(span_make((const char *)data + 1, size - 1), data[0] & 1, &authors);
	for (size_t i = 0; i < authors.count; i++) {
		char text[ADDRESS_TEXT_SIZE];

		address_text(&authors.at[i], text);
		if (strlen(text) >= ADDRESS_TEXT_SIZE)
			abort();
	}
	return authors.count > AUTHORS_MAX;
}
