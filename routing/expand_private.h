/* SPDX-License-Identifier: ISC */
/* Shared by the files of an expansion: the walk, and who is told of failures. */
#ifndef ROUTING_EXPAND_PRIVATE_H
#define ROUTING_EXPAND_PRIVATE_H

#include "routing/expansion.h"

enum { EXPANSION_NODES = 2 * EXPANSION_MEMBERS };

/* An entry, or an address of ours that has not been looked for yet (no object). */
struct node {
	struct mail_object *object;
	const struct conf_directory *directory; /* of the object */
	const struct conf_domain *domain; /* whose rules hold for an entry without an address */
	const char *name;                 /* DN, or the address */
	char id[64];                      /* of the object */
	char fallback[ADDRESS_TEXT_SIZE]; /* the address it was found by; "" = none */
	size_t list;                      /* that it belongs to */
	unsigned depth;
	size_t parent; /* its number; the first one's is its own */
	bool lone;     /* becomes one other, and keeps nothing */
	bool lonely;   /* what a `lone` one, or who forwards, becomes: it is missed if it is refused
			*/
};

struct expander {
	const struct routing *routing;
	const struct route_ask *ask;
	const struct route_teller *teller;
	struct policy_sender sender;
	struct expansion_growth growth;
	char asked[ADDRESS_TEXT_SIZE];
	struct node *nodes; /* in the order in which they are entered */
	size_t count, room;
	size_t skipped;
	int64_t deadline;
	enum outcome outcome;
};

/* Of all that return bool: false ends the walk. */

/* Ends the walk with the refusal, once; false. */
bool expand_stop(struct expander *expander, const struct refusal *refusal, const char *cause);
bool expand_stop_fault(struct expander *expander, const char *dn, const char *why);
/* The facts of `postern explain`, with the path to the node in front. */
void expand_tell_branch(const struct expander *expander, const char *key, size_t parent,
			const char *value);

bool expand_add_member(struct expander *expander, size_t parent, size_t list,
		       const struct address *address, const char *via);
/* What is refused at the list itself is the answer; further down the sender is told. The address:
 * "" = that of the list. */
bool expand_add_refusal(struct expander *expander, const struct node *node, const char *address,
			const struct refusal *refusal, const char *why);
bool expand_skip(struct expander *expander, const struct node *node, const char *why);

/* Copies it; its turn comes. */
bool expand_keep_node(struct expander *expander, const struct node *node);
struct node expand_child_of(const struct expander *expander, size_t parent);
/* Does mail go round among those who forward to one other and keep nothing? Then nobody gets it. */
bool expand_goes_round(const struct expander *expander, size_t parent, const char *id);

/* Where mail goes from the node of that number; from an address. */
bool expand_enter(struct expander *expander, size_t number);
bool expand_meet_address(struct expander *expander, struct node *node,
			 const struct address *address, const char *via);
/* The list of a group whose owner is to be told of failures. False: it cannot be found out. */
bool expand_set_owner(struct expander *expander, size_t number);
/* Takes out all but status, text and cause. */
void expand_empty(struct expansion *expansion);

#endif
