/* SPDX-License-Identifier: ISC */
/*
 * Which messages of a maildrop are to go, as bits. A packet holds those of some half
 * a million messages; more go in several.
 */
#ifndef DAEMON_REMOVAL_H
#define DAEMON_REMOVAL_H

#include "daemon/message_store.h"
#include "io/packet.h"

#define REMOVAL_OCTETS (PACKET_BODY_MAX - 64)

/*
 * Numbers are ascending, that of the first message is 1. Sets ask->first and ask->bits, which
 * lie in `memory`, for as many of them as fit; returns how many, 0 of none.
 */
size_t removal_pack(const size_t *numbers, size_t count, char memory[REMOVAL_OCTETS],
		    struct message_remove *ask);

/* Back to numbers, none above `last`; room for that many. Returns how many. */
size_t removal_numbers(const struct message_remove *ask, size_t last, uint32_t *numbers);

#endif
