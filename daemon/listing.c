/* SPDX-License-Identifier: ISC */
#include "daemon/listing.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/wire.h"

enum { ENTRY_MIN = 8 + 4 + 1, SEALS = F_SEAL_WRITE | F_SEAL_SHRINK };

static const struct maildrop_entry *listing_entry(const struct pop3_maildrop *maildrop, size_t number)
{
	const struct listing *listing = (const struct listing *)maildrop;

	return number <= listing->mapped_count ? &listing->mapped[number - 1]
					       : &listing->copied[number - 1 - listing->mapped_count];
}

/* Every entry lies inside, whatever is in it, and without these seals the file could change or end under us. */
static bool listing_map(struct listing *listing, int fd)
{
	struct stat status;
	void *memory;
	int seals;

	if (listing->mapped_count == 0)
		return fd < 0;
	seals = fcntl(fd, F_GET_SEALS);
	listing->mapped_octets = listing->mapped_count * sizeof(struct maildrop_entry);
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &status) != 0 ||
	    (uint64_t)status.st_size < listing->mapped_octets)
		return false;
	memory = mmap(NULL, listing->mapped_octets, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return false;
	listing->mapped = memory;
	return true;
}

static bool listing_copy(struct listing *listing, struct wire_reader *reader, size_t count)
{
	listing->copied = memory_array(count, sizeof *listing->copied);
	for (size_t i = 0; i < count; i++) {
		struct maildrop_entry *entry = &listing->copied[i];

		entry->size = wire_get_u64(reader);
		wire_get_text(reader, entry->uid, sizeof entry->uid);
		if (reader->failed || entry->uid[0] == '\0')
			return false;
	}
	return wire_done(reader);
}

bool listing_read(struct listing *listing, struct span text, int fd)
{
	struct wire_reader reader;
	size_t behind;
	bool read;

	*listing = (struct listing){ .maildrop.entry = listing_entry };
	wire_reader_init(&reader, text.at, text.length);
	listing->maildrop.octets = wire_get_u64(&reader);
	listing->mapped_count = wire_get_u32(&reader);
	behind = wire_get_u32(&reader);
	listing->maildrop.count = listing->mapped_count + behind;
	read = !reader.failed && behind <= text.length / ENTRY_MIN && listing_map(listing, fd) &&
	       listing_copy(listing, &reader, behind);
	if (fd >= 0)
		close(fd);
	if (!read)
		listing_clear(listing);
	return read;
}

void listing_clear(struct listing *listing)
{
	if (listing->mapped)
		munmap((void *)listing->mapped, listing->mapped_octets);
	free(listing->copied);
	*listing = (struct listing){ 0 };
}
