/* SPDX-License-Identifier: ISC */
#include "daemon/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/wire.h"
#include "daemon/role.h"

enum { LISTING_MAX = 256 << 20, ENTRY_MIN = 8 + 4 + 1 };

/*
 * Texts in wire form have no terminator, but a length in front of the next one:
 * once that has been read, its first octet is free to become the NUL.
 */
static bool listing_entries(struct listing *listing, struct wire_reader *reader, uint32_t count)
{
	char *end = NULL;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t size = wire_get_u64(reader);
		struct span uid = wire_get_span(reader);

		if (reader->failed || uid.length == 0)
			return false;
		if (end)
			*end = '\0';
		end = (char *)uid.at + uid.length;
		listing->messages[i] = (struct pop3_message){ .size = size, .uid = uid.at };
	}
	if (end)
		*end = '\0';
	return wire_done(reader);
}

/* Takes listing->text apart, in place. */
static bool listing_parse(struct listing *listing, size_t length)
{
	struct wire_reader reader;
	uint32_t count;

	wire_reader_init(&reader, listing->text, length);
	count = wire_get_u32(&reader);
	if (count <= length / ENTRY_MIN) {
		listing->messages = memory_array(count, sizeof *listing->messages);
		listing->maildrop = (struct pop3_maildrop){ count, listing->messages };
		if (listing_entries(listing, &reader, count))
			return true;
		free(listing->messages);
	}
	free(listing->text);
	*listing = (struct listing){ 0 };
	return false;
}

bool listing_read(struct listing *listing, int fd)
{
	size_t length;

	listing->text = role_read_all(fd, LISTING_MAX, &length);
	return listing->text && listing_parse(listing, length);
}

bool listing_copy(struct listing *listing, struct span text)
{
	listing->text = memory_new(text.length + 1);
	memcpy(listing->text, text.at, text.length);
	return listing_parse(listing, text.length);
}

void listing_clear(struct listing *listing)
{
	free(listing->messages);
	free(listing->text);
	*listing = (struct listing){ 0 };
}
