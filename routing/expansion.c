/* SPDX-License-Identifier: ISC */
#include "routing/expansion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/table.h"

enum { SEEN_MAX = 4 * EXPANSION_MEMBERS }; /* none is forgotten: the walk ends before */

void expansion_clear(struct expansion *expansion)
{
	for (size_t i = 0; i < expansion->lists_count; i++) {
		struct expansion_list *list = &expansion->lists[i];

		for (size_t j = 0; j < list->count; j++)
			free(list->members[j].via);
		free(list->members);
		free(list->sender);
	}
	free(expansion->lists);
	free(expansion->refusals);
	*expansion = (struct expansion){ 0 };
}

/* One more element behind `count` of them. */
static void *grow(void *array, size_t count, size_t size)
{
	/* Room is doubled: a count that is a power of two has used it up. */
	if (count == 0 || (count & (count - 1)) == 0)
		array = memory_grow(array, count == 0 ? 1 : 2 * count, size);
	memset((char *)array + count * size, 0, size);
	return array;
}

void expansion_begin(struct expansion_growth *growth, struct expansion *expansion)
{
	*expansion = (struct expansion){ 0 };
	*growth = (struct expansion_growth){ .expansion = expansion,
					     .seen = table_new(SEEN_MAX, NULL) };
	(void)expansion_list_of(growth, NULL);
}

void expansion_end(struct expansion_growth *growth)
{
	struct expansion *expansion = growth->expansion;
	size_t kept = 0;

	for (size_t i = 0; i < expansion->lists_count; i++) {
		if (expansion->lists[i].count > 0)
			expansion->lists[kept++] = expansion->lists[i];
		else
			free(expansion->lists[i].sender);
	}
	expansion->lists_count = kept;
	table_free(growth->seen);
	growth->seen = NULL;
}

static bool see(struct expansion_growth *growth, struct span key)
{
	static char mark;

	if (table_find(growth->seen, key, 0))
		return false;
	table_put(growth->seen, key, &mark, INT64_MAX);
	return true;
}

bool expansion_see_entry(struct expansion_growth *growth, const char *directory, const char *id)
{
	char key[512];

	snprintf(key, sizeof(key), "e%s/%.300s", id, directory);
	return see(growth, span_text(key));
}

bool expansion_see_address(struct expansion_growth *growth, const struct address *address,
			   bool ours)
{
	/* One of ours that a next server gets is not the one that is looked for here. */
	char key[1 + ADDRESS_TEXT_SIZE] = "x";

	address_text(address, key + 1);
	if (ours) {
		key[0] = 'a';
		ascii_lower_text(key);
	}
	return see(growth, span_text(key));
}

size_t expansion_seen(const struct expansion_growth *growth)
{
	return table_count(growth->seen);
}

size_t expansion_list_of(struct expansion_growth *growth, const char *sender)
{
	struct expansion *expansion = growth->expansion;

	for (size_t i = 0; i < expansion->lists_count; i++) {
		const char *other = expansion->lists[i].sender;

		if (sender && other ? strcmp(sender, other) == 0 : sender == other)
			return i;
	}
	expansion->lists =
		grow(expansion->lists, expansion->lists_count, sizeof(*expansion->lists));
	expansion->lists[expansion->lists_count].sender = memory_text(sender);
	return expansion->lists_count++;
}

void expansion_add_member(struct expansion_growth *growth, size_t number,
			  const struct address *address, const char *via)
{
	struct expansion_list *list = &growth->expansion->lists[number];
	struct expansion_member *member;

	list->members = grow(list->members, list->count, sizeof(*list->members));
	member = &list->members[list->count++];
	member->address = *address;
	member->via = via && via[0] ? memory_text(via) : NULL;
	growth->members++;
}

void expansion_add_refusal(struct expansion_growth *growth, const struct address *address,
			   const struct refusal *refusal)
{
	struct expansion *expansion = growth->expansion;
	struct expansion_refusal *said;
	char text[ADDRESS_TEXT_SIZE];

	expansion->refusals =
		grow(expansion->refusals, expansion->refusals_count, sizeof(*expansion->refusals));
	said = &expansion->refusals[expansion->refusals_count++];
	said->address = *address;
	address_text(address, text);
	snprintf(said->status, sizeof(said->status), "%s", refusal->status);
	refusal_text(refusal, text, said->text, sizeof(said->text));
}
