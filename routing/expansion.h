/* SPDX-License-Identifier: ISC */
/* The result of an expansion while it grows: lists by sender, each address once, refusals. */
#ifndef ROUTING_EXPANSION_H
#define ROUTING_EXPANSION_H

#include "routing/routing_private.h"

struct table;

struct expansion_growth {
	struct expansion *expansion;
	struct table *seen; /* keys of entries and addresses */
	size_t members;     /* of all lists */
};

/* *expansion has one list then, whose sender is that of the message. */
void expansion_begin(struct expansion_growth *growth, struct expansion *expansion);
/* Lists of nobody are taken out; the expansion stays. */
void expansion_end(struct expansion_growth *growth);
/* False: it was there before. Entries by directory and identity; addresses outside our domains with
 * the case of their local part. */
bool expansion_see_entry(struct expansion_growth *growth, const char *directory, const char *id);
bool expansion_see_address(struct expansion_growth *growth, const struct address *address,
			   bool ours);
size_t expansion_seen(const struct expansion_growth *growth);
/* The number of the list with that sender; made when there is none. */
size_t expansion_list_of(struct expansion_growth *growth, const char *sender);
void expansion_add_member(struct expansion_growth *growth, size_t list,
			  const struct address *address, const char *via);
void expansion_add_refusal(struct expansion_growth *growth, const struct address *address,
			   const struct refusal *refusal);

#endif
