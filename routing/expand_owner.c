/* SPDX-License-Identifier: ISC */
/* Who is told when mail to a member of a group fails: its owner, where the group says so. */
#include "routing/expand_private.h"

#include <stdio.h>
#include <string.h>

void expand_empty(struct expansion *expansion)
{
	struct expansion kept = *expansion;

	expansion_clear(expansion);
	memcpy(expansion->status, kept.status, sizeof(kept.status));
	memcpy(expansion->text, kept.text, sizeof(kept.text));
	memcpy(expansion->cause, kept.cause, sizeof(kept.cause));
	expansion->groups = kept.groups;
	expansion->searches = kept.searches;
}

/* A report must not bring about another one (RFC 5321 section 6.1): the null sender stays. */
static bool is_report(const struct expander *expander)
{
	const struct address *sender = expander->ask->sender.address;

	return sender && address_is_null(sender);
}

/* False: he has none. */
static bool owner_address(const struct expander *expander, const struct mail_object *owner,
			  char to[ADDRESS_TEXT_SIZE])
{
	struct way way;

	object_canonical(expander->routing->conf, owner, "", to);
	if (to[0])
		return true;
	way_of_object(expander->routing->conf, owner, &way);
	if (way.kind != WAY_BECOMES || !way.address.domain[0])
		return false;
	address_text(&way.address, to);
	return true;
}

bool expand_set_owner(struct expander *expander, size_t number)
{
	const struct routing_source *source = &expander->routing->source;
	struct node *node = &expander->nodes[number];
	const struct mail_object *group = node->object;
	char address[ADDRESS_TEXT_SIZE], cause[400];
	struct directory_hit hit;

	if (!group->report_owner || !group->owner || is_report(expander))
		return true;
	source->find_dn(source->context, node->directory, group->owner, &hit);
	expander->growth.expansion->searches++;
	hit_complete(&hit);
	if (hit.found == DIRECTORY_ONE && owner_address(expander, hit.object, address))
		node->list = expansion_list_of(&expander->growth, address);
	snprintf(cause, sizeof(cause), "the owner %.180s: %.180s", group->owner, hit.cause);
	directory_hit_clear(&hit);
	if (hit.found == DIRECTORY_FAILED)
		return expand_stop(expander, &refusal_unavailable, cause);
	return true;
}
