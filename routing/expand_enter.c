/* SPDX-License-Identifier: ISC */
/*
 * One entry or address of an expansion, and what it leads to. Leaves are settled where they are
 * met, which keeps a group of many thousands out of the queue; what has to ask the directory again
 * waits in it.
 */
#include "routing/expand_private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

static bool is_leaf(const struct expander *expander, const struct node *node, const struct way *way)
{
	const struct mail_object *object = node->object;

	/* A limit of size that is kept asks for nothing: whole groups may have one. */
	bool fits =
		!object->size_receive.given || object->size_receive.octets >= expander->sender.size;

	return way->kind != WAY_BECOMES && fits &&
	       !policy_asks(object, object_domain(expander->routing->conf, object, node->domain));
}

/* ---- an entry ---- */

static bool add_mailbox(struct expander *expander, const struct node *node, const char *via)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address address;
	const char *why;

	object_canonical(expander->routing->conf, node->object, node->fallback, text);
	if (!text[0] || !address_parse(span_text(text), &address, &why))
		return node->lonely ? expand_add_refusal(expander, node, "", &refusal_unknown,
							 "no address in our domains")
				    : expand_skip(expander, node, "no address in our domains");
	return expand_add_member(expander, node->parent, node->list, &address, via);
}

static bool enter_refused(struct expander *expander, const struct node *node, const struct way *way)
{
	char text[ADDRESS_TEXT_SIZE];

	if (way->refusal == &refusal_fault)
		return expand_stop_fault(expander, node->object->person.dn, way->why);
	if (node->depth > 0 && way->refusal->outcome == OUTCOME_PERM && !node->lonely)
		return expand_skip(expander, node, way->refusal->text);
	object_canonical(expander->routing->conf, node->object, node->fallback, text);
	return expand_add_refusal(expander, node, text, way->refusal, way->why);
}

/* A leaf, or an entry that is no list after all. */
static bool settle(struct expander *expander, const struct node *node, const struct way *way)
{
	if (way->kind == WAY_REFUSED)
		return enter_refused(expander, node, way);
	return add_mailbox(expander, node, way->kind == WAY_ELSEWHERE ? way->via : "");
}

/* One that a search gave; `node` has where it comes from. */
static bool meet(struct expander *expander, struct node *node, const struct directory_hit *hit)
{
	struct way way;

	node->object = hit->object;
	if (expansion_seen(&expander->growth) >= EXPANSION_NODES)
		return expand_stop(expander, &refusal_too_many, "more entries than are looked at");
	if (!expansion_see_entry(&expander->growth, node->directory->name, hit->object->person.id))
		return !expand_goes_round(expander, node->parent, hit->object->person.id) ||
		       expand_add_refusal(expander, node, hit->object->person.address,
					  &refusal_loop, "it forwards to who forwards to it");
	way_of_object(expander->routing->conf, hit->object, &way);
	if (is_leaf(expander, node, &way))
		return settle(expander, node, &way);
	node->name = hit->object->person.dn;
	(void)span_copy(span_text(hit->object->person.id), node->id, sizeof(node->id));
	return expand_keep_node(expander, node);
}

/* ---- an address ---- */

/* One of ours is looked for when its turn comes; one of others is where mail goes. */
bool expand_meet_address(struct expander *expander, struct node *node,
			 const struct address *address, const char *via)
{
	bool ours = !via[0] && !address->literal &&
		    conf_find_domain(expander->routing->conf, address->domain);
	char text[ADDRESS_TEXT_SIZE];

	/* One who forwards to this alone is followed again: if mail goes round, it has to be seen.
	 */
	if (!expansion_see_address(&expander->growth, address, ours) &&
	    !(ours && expander->nodes[node->parent].lone))
		return true;
	if (!ours)
		return expand_add_member(expander, node->parent, node->list, address, via);
	address_text(address, text);
	node->object = NULL;
	node->name = text;
	return expand_keep_node(expander, node);
}

static bool meet_text(struct expander *expander, struct node *node, const char *text)
{
	struct span value = span_text(text);
	struct address address;
	const char *why = "no domain";

	if (span_starts_nocase(value, "smtp:"))
		value = span_skip(value, 5);
	if (address_parse(value, &address, &why) && address.domain[0])
		return expand_meet_address(expander, node, &address, "");
	return expand_stop_fault(expander, expander->nodes[node->parent].name, why);
}

static bool search_failed(struct expander *expander, const struct directory_hit *hit)
{
	char cause[400];

	if (hit->found == DIRECTORY_MANY) {
		log_error("directory.ambiguous", LOG_TEXT("address", expander->asked),
			  LOG_TEXT("server", hit->server), LOG_TEXT("dn", hit->person.dn),
			  LOG_TEXT("other", hit->other), LOG_TEXT("cause", hit->cause));
		snprintf(cause, sizeof(cause), "two entries: %.180s and %.180s", hit->person.dn,
			 hit->other);
		return expand_stop(expander, &refusal_ambiguous, cause);
	}
	snprintf(cause, sizeof(cause), "%.60s%s%.300s", hit->server, hit->server[0] ? ": " : "",
		 hit->cause);
	return expand_stop(expander, &refusal_unavailable, cause);
}

/* Nobody of ours has the address. */
static bool enter_nobody(struct expander *expander, size_t number, const struct question *question)
{
	const char *target = question->domain->catch_all, *why;
	struct node child = expand_child_of(expander, number);
	struct address address;

	child.lonely = true;
	if (!target || !target[0] || !address_parse(span_text(target), &address, &why))
		return expand_add_refusal(expander, &expander->nodes[number], question->asked,
					  &refusal_unknown, "no entry has it");
	if (span_equal_nocase(span_text(target), span_text(question->asked)))
		return expand_stop_fault(expander, target, "nobody has the address of catch_all");
	tell(expander->teller, "catch-all", "%s", target);
	return expand_meet_address(expander, &child, &address, "");
}

static bool enter_found(struct expander *expander, size_t number, const struct question *question)
{
	/* It stands for its entry: as deep, and as far from the list, as the address was. */
	struct node node = expander->nodes[number];
	struct directory_hit hit;
	bool more;

	question_find(expander->routing, question, NULL, &hit);
	expander->growth.expansion->searches++;
	address_text(&question->address, node.fallback);
	node.directory = question->domain->directory;
	node.domain = question->domain;
	if (hit.found == DIRECTORY_ONE)
		more = meet(expander, &node, &hit);
	else if (hit.found == DIRECTORY_NOBODY)
		more = enter_nobody(expander, number, question);
	else
		more = search_failed(expander, &hit);
	directory_hit_clear(&hit);
	return more;
}

static bool enter_address(struct expander *expander, size_t number)
{
	struct question question;
	struct address address;
	const char *why;

	if (!address_parse(span_text(expander->nodes[number].name), &address, &why))
		return expand_stop_fault(expander, expander->nodes[number].name, why);
	question_make(expander->routing->conf, &address, &question);
	switch (question.where) {
	case QUESTION_OURS:
		return enter_found(expander, number, &question);
	case QUESTION_REMOTE:
	case QUESTION_DROP:
		return expand_add_member(expander, expander->nodes[number].parent,
					 expander->nodes[number].list, &address, "");
	case QUESTION_WRONG:
		break;
	}
	return expand_stop_fault(expander, question.asked,
				 "the domain's postmaster is outside our domains");
}

/* ---- what becomes others ---- */

static bool enter_forward(struct expander *expander, size_t number)
{
	const struct mail_object *object = expander->nodes[number].object;
	const struct routing_source *source = &expander->routing->source;
	bool more = true;

	for (size_t i = 0; more && i < object->forward.count; i++) {
		struct node child = expand_child_of(expander, number);
		struct directory_hit hit;

		child.lonely = true;
		source->find_dn(source->context, child.directory, object->forward.at[i], &hit);
		expander->growth.expansion->searches++;
		hit_complete(&hit);
		if (hit.found == DIRECTORY_ONE)
			more = meet(expander, &child, &hit);
		else if (hit.found == DIRECTORY_NOBODY)
			more = expand_add_refusal(expander, &child, object->person.address,
						  &refusal_gone, object->forward.at[i]);
		else
			more = search_failed(expander, &hit);
		directory_hit_clear(&hit);
	}
	for (size_t i = 0; more && i < object->forward_address.count; i++) {
		struct node child = expand_child_of(expander, number);

		child.lonely = true;
		more = meet_text(expander, &child, object->forward_address.at[i]);
	}
	return more;
}

struct members {
	struct expander *expander;
	size_t number, count;
};

static bool on_member(void *context, const struct directory_hit *hit)
{
	struct members *members = context;
	struct directory_hit complete = *hit;
	struct node child = expand_child_of(members->expander, members->number);
	bool more;

	if (hit->found == DIRECTORY_NOBODY)
		return expand_skip(members->expander, &child, hit->person.dn);
	if (hit->found != DIRECTORY_ONE)
		return search_failed(members->expander, hit);
	members->count++;
	if (hit->object)
		return meet(members->expander, &child, hit);
	hit_complete(&complete);
	more = meet(members->expander, &child, &complete);
	directory_hit_clear(&complete);
	return more;
}

static bool enter_group(struct expander *expander, size_t number)
{
	const struct routing_source *source = &expander->routing->source;
	struct mail_object *group = expander->nodes[number].object;
	struct members members = { expander, number, group->member_address.count };
	char why[400] = "", count[40];
	bool more;

	if (!expand_set_owner(expander, number))
		return false;
	expander->growth.expansion->groups++;
	if (!source->members(source->context, expander->nodes[number].directory, group,
			     expander->deadline, on_member, &members, why))
		return expand_stop(expander, &refusal_unavailable, why);
	more = true;
	for (size_t i = 0; more && i < group->member_address.count; i++) {
		struct node child = expand_child_of(expander, number);

		more = meet_text(expander, &child, group->member_address.at[i]);
	}
	snprintf(count, sizeof(count), "%zu members", members.count);
	expand_tell_branch(expander, "group", number, count);
	return more;
}

static bool enter_list(struct expander *expander, size_t number, const struct way *way)
{
	struct node *node = &expander->nodes[number];
	struct node child = expand_child_of(expander, number);

	if (way->members)
		return enter_group(expander, number);
	node->lone =
		!way->keep && way->forwards
			? node->object->forward.count + node->object->forward_address.count == 1
			: !way->forwards;
	child.lonely = true;
	if (way->address.domain[0])
		return expand_meet_address(expander, &child, &way->address, way->via);
	return (!way->keep || add_mailbox(expander, node, way->via)) &&
	       enter_forward(expander, number);
}

static bool enter_object(struct expander *expander, size_t number)
{
	const struct node *node = &expander->nodes[number];
	const struct conf *conf = expander->routing->conf;
	const struct refusal *refusal;
	char why[400], text[ADDRESS_TEXT_SIZE];
	struct way way;

	way_of_object(conf, node->object, &way);
	if (way.kind == WAY_REFUSED)
		return settle(expander, node, &way);
	refusal =
		policy_refuses(&expander->sender, node->directory,
			       object_domain(conf, node->object, node->domain), node->object, why);
	object_canonical(conf, node->object, node->fallback, text);
	if (refusal)
		return expand_add_refusal(expander, node, text, refusal, why);
	if (way.kind != WAY_BECOMES)
		return settle(expander, node, &way);
	return enter_list(expander, number, &way);
}

bool expand_enter(struct expander *expander, size_t number)
{
	if (clock_ms() > expander->deadline)
		return expand_stop(expander, &refusal_unavailable, "it took too long");
	return expander->nodes[number].object ? enter_object(expander, number)
					      : enter_address(expander, number);
}
