/* SPDX-License-Identifier: ISC */
#include "directory/entry.h"

#include <stdlib.h>

#include "base/memory.h"
#include "directory/filetime.h"

struct entry_value {
	char *bytes;
	size_t length;
};

struct entry_attribute {
	char *name;
	struct entry_value *values;
	size_t count, room;
	size_t first, more; /* entry_first, entry_more */
};

struct entry {
	char *dn;
	size_t octets;
	struct entry_attribute attributes[ENTRY_ATTRIBUTES_MAX];
	size_t count;
};

struct entry *entry_new(const char *dn)
{
	struct entry *entry = memory_new(sizeof(*entry));

	entry->dn = memory_text(dn);
	return entry;
}

static void attribute_clear(struct entry_attribute *attribute)
{
	for (size_t i = 0; i < attribute->count; i++)
		free(attribute->values[i].bytes);
	free(attribute->values);
	free(attribute->name);
}

void entry_free(struct entry *entry)
{
	if (!entry)
		return;
	for (size_t i = 0; i < entry->count; i++)
		attribute_clear(&entry->attributes[i]);
	free(entry->dn);
	free(entry);
}

static const struct entry_attribute *find(const struct entry *entry, const char *name)
{
	for (size_t i = 0; name && name[0] && i < entry->count; i++)
		if (span_is_nocase(span_text(entry->attributes[i].name), name))
			return &entry->attributes[i];
	return NULL;
}

/* The attribute, new if need be; NULL when there are too many. */
static struct entry_attribute *attribute_of(struct entry *entry, const char *name)
{
	const struct entry_attribute *known = find(entry, name);

	if (known)
		return &entry->attributes[known - entry->attributes];
	if (entry->count == ENTRY_ATTRIBUTES_MAX)
		return NULL;
	entry->attributes[entry->count].name = memory_text(name);
	return &entry->attributes[entry->count++];
}

bool entry_add(struct entry *entry, const char *attribute, struct span value)
{
	struct entry_attribute *to = attribute_of(entry, attribute);

	if (!to)
		return false;
	entry->octets += value.length + sizeof(*to->values) + 16;
	if (to->count == ENTRY_VALUES_MAX || entry->octets > ENTRY_OCTETS_MAX) {
		to->more = ENTRY_LOST;
		return false;
	}
	if (to->count == to->room) {
		to->room = to->room ? to->room * 2 : 4;
		to->values = memory_grow(to->values, to->room, sizeof(*to->values));
	}
	to->values[to->count++] = (struct entry_value){
		.bytes = memory_text_n(value.at, value.length),
		.length = value.length,
	};
	return true;
}

void entry_set_part(struct entry *entry, const char *attribute, size_t first, size_t next)
{
	struct entry_attribute *to = attribute_of(entry, attribute);

	if (!to || to->more == ENTRY_LOST)
		return;
	to->first = first;
	to->more = next;
}

size_t entry_first(const struct entry *entry, const char *attribute)
{
	const struct entry_attribute *found = find(entry, attribute);

	return found ? found->first : 0;
}

size_t entry_more(const struct entry *entry, const char *attribute)
{
	const struct entry_attribute *found = find(entry, attribute);

	return found ? found->more : 0;
}

const char *entry_incomplete(const struct entry *entry)
{
	for (size_t i = 0; i < entry->count; i++)
		if (entry->attributes[i].more)
			return entry->attributes[i].name;
	return NULL;
}

const char *entry_dn(const struct entry *entry)
{
	return entry->dn;
}

bool entry_value(const struct entry *entry, const char *attribute, size_t index, struct span *value)
{
	const struct entry_attribute *found = find(entry, attribute);

	if (!found || index >= found->count)
		return false;
	*value = span_make(found->values[index].bytes, found->values[index].length);
	return true;
}

bool entry_has(const struct entry *entry, const char *attribute, const char *value)
{
	struct span found;

	for (size_t i = 0; entry_value(entry, attribute, i, &found); i++)
		if (span_is_nocase(found, value))
			return true;
	return false;
}

int64_t entry_number(const struct entry *entry, const char *attribute, int64_t absent)
{
	struct span value;
	int64_t number;

	if (!entry_value(entry, attribute, 0, &value) || !filetime_parse(value, &number))
		return absent;
	return number;
}
