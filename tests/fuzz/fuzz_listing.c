/* SPDX-License-Identifier: ISC */
/*
 * What the store hands a frontend for a maildrop: its listing, and messages before they
 * are asked for. The first octet chooses. Whatever is accepted lies inside what came.
 */
#include "daemon/ahead.h"
#include "daemon/listing.h"
#include "daemon/removal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_listing(struct span text)
{
	struct listing listing = { 0 };

	if (!listing_copy(&listing, text)) {
		assert(!listing.text && !listing.messages && listing.maildrop.count == 0);
		return;
	}
	for (size_t i = 0; i < listing.maildrop.count; i++) {
		const char *uid = listing.maildrop.messages[i].uid;

		assert(uid >= listing.text && uid + strlen(uid) <= listing.text + text.length);
	}
	listing_clear(&listing);
}

static void take_ahead(struct span octets)
{
	struct ahead ahead = { 0 };
	struct span message;
	size_t number = 1, taken = 0;

	ahead_put(&ahead, number, octets);
	while (ahead_take(&ahead, number, &message)) {
		taken += sizeof(uint32_t) + message.length;
		assert(taken <= octets.length);
		number++;
	}
	assert(!ahead.octets && ahead.length == 0);
}

/* The other way: which ones are to go. */
static void read_removal(struct span body)
{
	uint32_t numbers[64];
	struct message_remove ask;
	size_t count;

	if (!message_get_remove(body, &ask))
		return;
	count = removal_numbers(&ask, 64, numbers);
	for (size_t i = 0; i < count; i++)
		assert(numbers[i] >= 1 && numbers[i] <= 64 &&
		       (i == 0 || numbers[i] > numbers[i - 1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest;

	if (size == 0)
		return 0;
	rest = span_make(data + 1, size - 1);
	if (data[0] % 3 == 0)
		read_listing(rest);
	else if (data[0] % 3 == 1)
		take_ahead(rest);
	else
		read_removal(rest);
	return 0;
}
