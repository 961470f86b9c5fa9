/* SPDX-License-Identifier: ISC */
/*
 * What a list becomes: breadth first over entries and addresses, each entered once, so that loops
 * end by themselves.
 */
#include "routing/expand_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

/* ---- the end of it ---- */

bool expand_stop(struct expander *expander, const struct refusal *refusal, const char *cause)
{
	struct expansion *expansion = expander->growth.expansion;

	if (expander->outcome != OUTCOME_OK)
		return false;
	expander->outcome = refusal->outcome;
	snprintf(expansion->status, sizeof(expansion->status), "%s", refusal->status);
	refusal_text(refusal, expander->asked, expansion->text, sizeof(expansion->text));
	snprintf(expansion->cause, sizeof(expansion->cause), "%s", cause);
	return false;
}

bool expand_stop_fault(struct expander *expander, const char *dn, const char *why)
{
	char cause[400];

	log_error("directory.fault", LOG_TEXT("address", expander->asked), LOG_TEXT("dn", dn),
		  LOG_TEXT("cause", why));
	snprintf(cause, sizeof(cause), "%.200s: %.190s", dn, why);
	return expand_stop(expander, &refusal_fault, cause);
}

/* ---- what was found ---- */

static size_t append(const struct node *nodes, size_t parent, char *to, size_t size)
{
	size_t used = 0;

	if (nodes[parent].parent != parent)
		used = append(nodes, nodes[parent].parent, to, size);
	if (used < size)
		used += (size_t)snprintf(to + used, size - used, "%s%s", used ? " > " : "",
					 nodes[parent].name);
	return used < size ? used : size;
}

/* "A > B": from whom it came. Depth is capped, so this recursion is. */
static void tell_path(const struct expander *expander, size_t number, char *to, size_t size)
{
	to[0] = '\0';
	if (number < expander->count)
		(void)append(expander->nodes, number, to, size);
}

void expand_tell_branch(const struct expander *expander, const char *key, size_t parent,
			const char *value)
{
	char path[1000];

	if (!expander->teller)
		return;
	tell_path(expander, parent, path, sizeof(path));
	tell(expander->teller, key, "%s: %s", path, value);
}

bool expand_add_member(struct expander *expander, size_t parent, size_t list,
		       const struct address *address, const char *via)
{
	char text[ADDRESS_TEXT_SIZE + ROUTE_VIA_SIZE + 10], name[ADDRESS_TEXT_SIZE];

	if (expander->growth.members >= EXPANSION_MEMBERS)
		return expand_stop(expander, &refusal_too_many, "more members than are allowed");
	expansion_add_member(&expander->growth, list, address, via);
	if (expander->teller) {
		address_text(address, name);
		snprintf(text, sizeof(text), "%s%s%s", name, via[0] ? ", via " : "", via);
		expand_tell_branch(expander, "reaches", parent, text);
	}
	return true;
}

/* What is refused at the list itself is the answer; further down the sender is told. */
bool expand_add_refusal(struct expander *expander, const struct node *node, const char *address,
			const struct refusal *refusal, const char *why)
{
	char value[700];
	struct address branch;
	const char *wrong;

	if (refusal->outcome != OUTCOME_PERM || node->depth == 0)
		return expand_stop(expander, refusal, why);
	if (!address[0] || !address_parse(span_text(address), &branch, &wrong) || !branch.domain[0])
		branch = expander->ask->recipient;
	expansion_add_refusal(&expander->growth, &branch, refusal);
	snprintf(value, sizeof(value), "%s %s: %.300s", refusal->status, refusal->text, why);
	expand_tell_branch(expander, "refused", node->parent, value);
	return true;
}

bool expand_skip(struct expander *expander, const struct node *node, const char *why)
{
	expander->skipped++;
	expand_tell_branch(expander, "skipped", node->parent, why);
	return true;
}

/* ---- nodes ---- */

bool expand_keep_node(struct expander *expander, const struct node *node)
{
	if (node->depth > EXPANSION_DEPTH)
		return expand_stop(expander, &refusal_too_deep, "lists in lists beyond the limit");
	if (expander->count >= EXPANSION_NODES)
		return expand_stop(expander, &refusal_too_many, "more entries than are looked at");
	if (expander->count == expander->room) {
		expander->room = expander->room ? 2 * expander->room : 16;
		expander->nodes =
			memory_grow(expander->nodes, expander->room, sizeof(*expander->nodes));
	}
	expander->nodes[expander->count] = *node;
	expander->nodes[expander->count].object = node->object ? object_hold(node->object) : NULL;
	expander->nodes[expander->count].name = memory_text(node->name);
	expander->count++;
	return true;
}

struct node expand_child_of(const struct expander *expander, size_t parent)
{
	const struct node *from = &expander->nodes[parent];

	return (struct node){ .directory = from->directory,
			      .domain = from->domain,
			      .list = from->list,
			      .depth = from->depth + 1,
			      .parent = parent };
}

/* Does mail go round among those who forward to one other and keep nothing? Then nobody gets it. */
bool expand_goes_round(const struct expander *expander, size_t parent, const char *id)
{
	const struct node *node = &expander->nodes[parent];

	while (node->lone) {
		if (strcmp(node->id, id) == 0)
			return true;
		if (node->parent == parent)
			break;
		parent = node->parent;
		node = &expander->nodes[parent];
	}
	return false;
}

/* ---- the walk ---- */

static void walk(struct expander *expander)
{
	struct node root = { .parent = 0, .lonely = true };

	if (!expand_meet_address(expander, &root, &expander->ask->recipient, ""))
		return;
	for (size_t i = 0; i < expander->count && expand_enter(expander, i); i++) {
		object_drop(expander->nodes[i].object);
		expander->nodes[i].object = NULL;
	}
}

static void finish(struct expander *expander)
{
	struct expansion *expansion = expander->growth.expansion;

	/* Whoever forwards in a circle keeps nothing: that must not end in silence. */
	if (expander->outcome == OUTCOME_OK && expansion->groups == 0 &&
	    expander->growth.members == 0 && expansion->refusals_count == 0)
		(void)expand_stop(expander, &refusal_loop, "nobody is reached");
	expansion_end(&expander->growth);
	for (size_t i = 0; i < expander->count; i++) {
		object_drop(expander->nodes[i].object);
		free((char *)expander->nodes[i].name);
	}
	free(expander->nodes);
	policy_sender_clear(&expander->sender);
}

enum outcome routing_expand(struct routing *routing, const struct route_ask *ask,
			    struct expansion *expansion)
{
	struct expander expander = { .routing = routing,
				     .ask = ask,
				     .teller = ask->teller,
				     .deadline = clock_ms() + EXPANSION_MS };

	address_text(&ask->recipient, expander.asked);
	policy_sender_init(&expander.sender, routing, ask);
	expansion_begin(&expander.growth, expansion);
	walk(&expander);
	finish(&expander);
	if (expander.outcome != OUTCOME_OK)
		expand_empty(expansion);
	return expander.outcome;
}
