/* SPDX-License-Identifier: ISC */
#include "directory/entry.h"

#include <stdlib.h>

#include "base/memory.h"

struct entry_item {
	char *attribute;
	char *value;
	size_t length;
};

struct entry {
	char *dn;
	struct entry_item *items;
	size_t count, room;
};

struct entry *entry_new(const char *dn)
{
	struct entry *entry = memory_new(sizeof(*entry));

	entry->dn = memory_text(dn);
	return entry;
}

void entry_free(struct entry *entry)
{
	if (!entry)
		return;
	for (size_t i = 0; i < entry->count; i++) {
		free(entry->items[i].attribute);
		free(entry->items[i].value);
	}
	free(entry->items);
	free(entry->dn);
	free(entry);
}

bool entry_add(struct entry *entry, const char *attribute, struct span value)
{
	if (entry->count == ENTRY_VALUES_MAX)
		return false;
	if (entry->count == entry->room) {
		entry->room = entry->room ? entry->room * 2 : 16;
		entry->items = memory_grow(entry->items, entry->room, sizeof(*entry->items));
	}
	entry->items[entry->count++] = (struct entry_item){
		.attribute = memory_text(attribute),
		.value = memory_text_n(value.at, value.length),
		.length = value.length,
	};
	return true;
}

const char *entry_dn(const struct entry *entry)
{
	return entry->dn;
}

bool entry_value(const struct entry *entry, const char *attribute, size_t index, struct span *value)
{
	if (!attribute[0])
		return false;
	for (size_t i = 0; i < entry->count; i++) {
		const struct entry_item *item = &entry->items[i];

		if (!span_is_nocase(span_text(item->attribute), attribute))
			continue;
		if (index-- == 0) {
			*value = span_make(item->value, item->length);
			return true;
		}
	}
	return false;
}

bool entry_has(const struct entry *entry, const char *attribute, const char *value)
{
	struct span found;

	for (size_t i = 0; entry_value(entry, attribute, i, &found); i++)
		if (span_is_nocase(found, value))
			return true;
	return false;
}
