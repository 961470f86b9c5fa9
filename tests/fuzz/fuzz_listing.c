/* SPDX-License-Identifier: ISC */
/*
 * What the store hands a frontend for a maildrop: its listing, and messages before they
 * are asked for. The first octet chooses. Whatever is accepted lies inside what came.
 */
#include "frontend/ahead.h"
#include "daemon/listing.h"
#include "daemon/removal.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A memory file as the store makes it; what is in its entries nobody has looked at. */
static int file_of(struct span octets)
{
	int fd = memfd_create("listing", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert(fd >= 0 && write(fd, octets.at, octets.length) == (ssize_t)octets.length);
	assert(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) == 0);
	return fd;
}

static void read_listing(struct span text, bool with_file)
{
	struct listing listing;
	uint64_t sum = 0;

	if (!listing_read(&listing, text, with_file ? file_of(text) : -1)) {
		assert(!listing.mapped && !listing.copied && listing.maildrop.count == 0);
		return;
	}
	for (size_t i = 1; i <= listing.maildrop.count; i++) {
		const struct maildrop_entry *entry = listing.maildrop.entry(&listing.maildrop, i);

		sum += entry->size + strnlen(entry->uid, sizeof entry->uid);
	}
	/* Read, all of it: a sanitizer sees what lies outside. */
	assert(sum == 0 || listing.maildrop.count > 0);
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
		read_listing(rest, data[0] >= 128);
	else if (data[0] % 3 == 1)
		take_ahead(rest);
	else
		read_removal(rest);
	return 0;
}
