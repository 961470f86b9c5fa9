/* SPDX-License-Identifier: ISC */
#include "directory/object.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "directory/dn.h"
#include "directory/object_private.h"

struct counted {
	atomic_uint references;
	size_t octets;
	struct mail_object object;
};

static struct counted *counted_of(const struct mail_object *object)
{
	return (struct counted *)((char *)(uintptr_t)object - offsetof(struct counted, object));
}

struct mail_object *object_new(void)
{
	struct counted *counted = memory_new(sizeof(*counted));

	atomic_init(&counted->references, 1);
	return &counted->object;
}

struct mail_object *object_hold(struct mail_object *object)
{
	if (object)
		atomic_fetch_add(&counted_of(object)->references, 1);
	return object;
}

static struct texts *const *lists_of(struct mail_object *object, struct texts *lists[OBJECT_LISTS])
{
	struct texts *all[OBJECT_LISTS] = {
		&object->addresses,     &object->forward,     &object->forward_address,
		&object->accept_from,   &object->reject_from, &object->accept_groups,
		&object->reject_groups, &object->delegates,   &object->member_address,
		&object->member_uid,
	};

	memcpy(lists, all, sizeof(all));
	return lists;
}

static void texts_of(const struct mail_object *object, char *texts[OBJECT_TEXTS])
{
	char *all[OBJECT_TEXTS] = { object->legacy_dn,     object->routing_address, object->target,
				    object->member_filter, object->member_base,     object->owner };

	memcpy(texts, all, sizeof(all));
}

void object_drop(struct mail_object *object)
{
	struct texts *lists[OBJECT_LISTS];
	char *texts[OBJECT_TEXTS];

	if (!object || atomic_fetch_sub(&counted_of(object)->references, 1) != 1)
		return;
	lists_of(object, lists);
	for (size_t i = 0; i < OBJECT_LISTS; i++) {
		for (size_t j = 0; j < lists[i]->count; j++)
			free(lists[i]->at[j]);
		free(lists[i]->at);
	}
	texts_of(object, texts);
	for (size_t i = 0; i < OBJECT_TEXTS; i++)
		free(texts[i]);
	free(counted_of(object));
}

/* Of what the allocator adds, about 16 octets each. */
static size_t text_octets(const char *text)
{
	return text ? strlen(text) + 17 : 0;
}

void object_count_octets(struct mail_object *object)
{
	struct counted *counted = counted_of(object);
	struct texts *lists[OBJECT_LISTS];
	char *texts[OBJECT_TEXTS];

	counted->octets = sizeof(*counted);
	lists_of(object, lists);
	for (size_t i = 0; i < OBJECT_LISTS; i++) {
		counted->octets += lists[i]->count * sizeof(char *);
		for (size_t j = 0; j < lists[i]->count; j++)
			counted->octets += text_octets(lists[i]->at[j]);
	}
	texts_of(object, texts);
	for (size_t i = 0; i < OBJECT_TEXTS; i++)
		counted->octets += text_octets(texts[i]);
}

size_t object_octets(const struct mail_object *object)
{
	return counted_of(object)->octets;
}

struct mail_object *object_of_person(const struct person *person)
{
	struct mail_object *object = object_new();

	object->person = *person;
	if (person->address[0]) {
		object->addresses.at = memory_array(1, sizeof(char *));
		object->addresses.at[0] = memory_text(person->address);
		object->addresses.count = 1;
	}
	object_count_octets(object);
	return object;
}

bool object_has_address(const struct mail_object *object, const char *address)
{
	for (size_t i = 0; i < object->addresses.count; i++)
		if (span_is_nocase(span_text(object->addresses.at[i]), address))
			return true;
	return false;
}

static bool is_dn(const char *text, const char *normal)
{
	char *other = dn_normal(text);
	bool same = other && strcmp(other, normal) == 0;

	free(other);
	return same;
}

bool texts_have_dn(const struct texts *texts, const char *dn)
{
	char *normal;
	bool found = false;

	/* Mostly the server writes them alike, and taking apart is dear. */
	for (size_t i = 0; i < texts->count; i++)
		if (span_is_nocase(span_text(texts->at[i]), dn))
			return true;
	normal = texts->count > 0 ? dn_normal(dn) : NULL;
	for (size_t i = 0; normal && !found && i < texts->count; i++)
		found = is_dn(texts->at[i], normal);
	free(normal);
	return found;
}
