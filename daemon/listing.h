/* SPDX-License-Identifier: ISC */
/*
 * The listing of a maildrop that the store hands over (store_role/maildrop_octets.h): what stands in a memory file is
 * mapped and used as it stands, so that a large one costs nothing but its descriptor; what stands in the packet is
 * copied.
 */
#ifndef DAEMON_LISTING_H
#define DAEMON_LISTING_H

#include "base/span.h"
#include "pop3/pop3_server.h"

struct listing {
	struct pop3_maildrop maildrop; /* first */
	const struct maildrop_entry *mapped;
	size_t mapped_count;
	size_t mapped_octets;
	struct maildrop_entry *copied; /* those behind the mapped ones */
};

/* fd: the memory file, -1 when there is none; closed. False when that is not a listing; then there is nothing to
 * clear. */
bool listing_read(struct listing *listing, struct span text, int fd);
void listing_clear(struct listing *listing);

#endif
