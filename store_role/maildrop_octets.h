/* SPDX-License-Identifier: ISC */
/* What of a maildrop goes to the frontend: its listing, and small messages as octets in a packet. */
#ifndef STORE_ROLE_MAILDROP_OCTETS_H
#define STORE_ROLE_MAILDROP_OCTETS_H

#include "daemon/message_store.h"
#include "io/packet.h"
#include "store/store.h"

/* Beside them in the packet stand the result and a length. */
enum { MAILDROP_HANDED_MAX = PACKET_BODY_MAX - 64 };

/*
 * u64 octets of all messages, u32 count in the memory file, u32 count here, then for each of those u64 size, text uid
 * (base/wire.h). The first ones of a large maildrop stand in the file, as struct maildrop_entry: *fd, for the caller
 * to close; -1 when all stand here. How many octets; none: no descriptor or no memory was left.
 */
size_t maildrop_listing(struct store_maildrop *maildrop, char to[MAILDROP_HANDED_MAX], int *fd);
/* Message `number` and those behind it, at most `wanted`, whole, each as a text in wire form; as far as they fit.
 * How many octets: none when the first one is too large, or cannot be read, which is for the caller to say. */
size_t maildrop_read_ahead(struct store_maildrop *maildrop, uint32_t number, uint32_t wanted,
			   char to[MAILDROP_HANDED_MAX]);

#endif
