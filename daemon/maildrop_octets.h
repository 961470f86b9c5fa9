/* SPDX-License-Identifier: ISC */
/* What of a maildrop goes to the frontend as octets in a packet: its listing, and small messages. */
#ifndef DAEMON_MAILDROP_OCTETS_H
#define DAEMON_MAILDROP_OCTETS_H

#include "base/buffer.h"
#include "daemon/message.h"
#include "io/packet.h"
#include "store/store.h"

/* Beside them in the packet stand the result and a length. */
enum { MAILDROP_HANDED_MAX = PACKET_BODY_MAX - 64 };

/* u32 count, then per message u64 size, text uid (base/wire.h). Into handed->octets, which point into *text, or into
 * a memory file when that is too large; the caller clears and closes. False: no descriptor was left. */
bool maildrop_listing(const struct store_maildrop *maildrop, struct buffer *text, struct message_handed *handed,
		      int *fd);
/* Message `number` and those behind it, at most `wanted`, whole, each as a text in wire form; as far as they fit.
 * How many octets: none when the first one is too large, or cannot be read, which is for the caller to say. */
size_t maildrop_read_ahead(struct store_maildrop *maildrop, uint32_t number, uint32_t wanted,
			   char to[MAILDROP_HANDED_MAX]);

#endif
