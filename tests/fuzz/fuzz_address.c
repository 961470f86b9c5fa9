/* SPDX-License-Identifier: ISC */
/* What an address becomes is stable: its text parses to the same address. */
#include <assert.h>
#include <string.h>

#include "mail/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct address *address)
{
	struct address again;
	char text[ADDRESS_TEXT_SIZE];
	const char *why;

	address_text(address, text);
	if (address_is_null(address))
		return;
	assert(address_parse(span_text(text), &again, &why));
	assert(memcmp(address, &again, sizeof(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make(data, size), rest;
	struct address address;
	const char *why;

	if (address_parse(text, &address, &why))
		check(&address);
	if (address_parse_path(text, true, &address, &rest, &why))
		check(&address);
	return 0;
}
