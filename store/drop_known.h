/* SPDX-License-Identifier: ISC */
/* What one reading of a mailbox brought: its messages, how its directories looked before, its
 * listing. */
#ifndef STORE_DROP_KNOWN_H
#define STORE_DROP_KNOWN_H

#include "store/folder_state.h"
#include "store/maildrop_list.h"

struct drop_known {
	bool read; /* there is something known: perhaps that there is no message */
	struct drop_list list;
	uint64_t octets; /* on the wire, of all messages */
	struct folder_states folders;
	int listing;   /* memory file of struct maildrop_entry; -1: none was made */
	size_t listed; /* that many at its front are the first ones of the list */
	size_t listing_octets;
};

#define DROP_KNOWN_NOTHING                                                                         \
	{                                                                                          \
		.listing = -1                                                                      \
	}

void drop_known_clear(struct drop_known *known);
void drop_known_shrink(struct drop_known *known); /* gives back memory taken for growth */
size_t drop_known_memory(const struct drop_known *known);
void drop_known_sum(struct drop_known *known); /* counts octets anew */
/* Takes out what is gone; what was listed behind the first of those is not any more. */
void drop_known_remove_gone(struct drop_known *known);
/* Makes the memory file anew unless at most `behind` messages are not in it. 0, or -1 with errno.
 */
int drop_known_list(struct drop_known *known, size_t behind);

#endif
