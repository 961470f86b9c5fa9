/* SPDX-License-Identifier: ISC */
#include "resolver/dns_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
	HEADER = 12,
	FIXED = 10, /* type, class, TTL and length, behind the owner's name */
	CLASS_IN = 1,
	JUMPS_MAX = 64,
	ALIASES_MAX = 16,
	TTL_UNKNOWN = 60,
	LABEL_MAX = 63
};

/* ---- cursor ---- */

struct cursor {
	const unsigned char *at;
	size_t size, where;
	bool failed;
};

static bool cursor_has(struct cursor *cursor, size_t count)
{
	if (cursor->failed || cursor->size - cursor->where < count)
		cursor->failed = true;
	return !cursor->failed;
}

static uint32_t get_number(struct cursor *cursor, size_t octets)
{
	uint32_t value = 0;

	if (!cursor_has(cursor, octets))
		return 0;
	while (octets--)
		value = value << 8 | cursor->at[cursor->where++];
	return value;
}

static bool host_character(unsigned char c)
{
	return ascii_is_alnum((char)c) || c == '-' || c == '_';
}

struct name {
	char text[DNS_NAME_SIZE];
	size_t used;
	bool strange; /* has octets that no name of a host has */
};

static bool label_add(struct name *name, const unsigned char *label, size_t length)
{
	if (name->used + length + 1 >= sizeof name->text)
		return false;
	if (name->used)
		name->text[name->used++] = '.';
	for (size_t i = 0; i < length; i++) {
		name->strange |= !host_character(label[i]);
		name->text[name->used++] = ascii_lower((char)label[i]);
	}
	return true;
}

/* Section 4.1.4: a pointer leads backwards to the rest of the name. */
static void get_name(struct cursor *cursor, struct name *name)
{
	size_t at = cursor->where, after = 0, jumps = 0;

	*name = (struct name){ 0 };
	while (!cursor->failed && at < cursor->size && cursor->at[at] != 0) {
		unsigned char first = cursor->at[at];
		size_t rest = cursor->size - at;

		if (first >= 0xc0 && rest >= 2 && ++jumps <= JUMPS_MAX) {
			after = after ? after : at + 2;
			at = (size_t)(first & 0x3f) << 8 | cursor->at[at + 1];
		} else if (first <= LABEL_MAX && rest > (size_t)first + 1 &&
			   label_add(name, cursor->at + at + 1, first)) {
			at += (size_t)first + 1;
		} else {
			cursor->failed = true;
		}
	}
	if (at >= cursor->size)
		cursor->failed = true;
	cursor->where = after ? after : at + 1;
}

/* ---- records ---- */

struct resource {
	struct name owner;
	uint32_t type, class, ttl;
	size_t data, length; /* in the packet */
};

static bool get_resource(struct cursor *cursor, struct resource *resource)
{
	get_name(cursor, &resource->owner);
	resource->type = get_number(cursor, 2);
	resource->class = get_number(cursor, 2);
	resource->ttl = get_number(cursor, 4);
	resource->length = get_number(cursor, 2);
	resource->data = cursor->where;
	if (cursor_has(cursor, resource->length))
		cursor->where += resource->length;
	return !cursor->failed;
}

/* A cursor over the data, in the packet that names in it may point into. */
static struct cursor data_cursor(const struct cursor *whole, const struct resource *resource)
{
	return (struct cursor){ whole->at, whole->size, resource->data, false };
}

static char *name_text(const struct name *name)
{
	return name->strange ? NULL : memory_text(name->text);
}

static bool take_name(const struct cursor *whole, const struct resource *resource,
		      enum dns_type type, struct dns_record *record)
{
	struct cursor cursor = data_cursor(whole, resource);
	struct name name;

	if (type == DNS_MX)
		record->preference = (uint16_t)get_number(&cursor, 2);
	get_name(&cursor, &name);
	record->name = cursor.failed ? NULL : name_text(&name);
	return !cursor.failed && cursor.where == resource->data + resource->length;
}

static bool take_text(const struct cursor *whole, const struct resource *resource,
		      struct dns_record *record)
{
	const unsigned char *from = whole->at + resource->data;
	char *to = memory_new(resource->length + 1);
	size_t used = 0, at = 0;

	while (at < resource->length && resource->length - at > from[at]) {
		memcpy(to + used, from + at + 1, from[at]);
		used += from[at];
		at += (size_t)from[at] + 1;
	}
	record->data = span_make(to, used);
	return at == resource->length;
}

static bool take_record(const struct cursor *whole, const struct resource *resource,
			enum dns_type type, struct dns_record *record)
{
	size_t wanted = type == DNS_A ? 4 : type == DNS_AAAA ? 16 : resource->length;

	if (type == DNS_MX || type == DNS_PTR)
		return take_name(whole, resource, type, record);
	if (type == DNS_TXT)
		return take_text(whole, resource, record);
	record->data = span_make(memory_text_n(whole->at + resource->data, resource->length),
				 resource->length);
	return resource->length == wanted;
}

/* ---- the answer ---- */

struct reading {
	struct cursor records; /* the first of the answer section */
	uint32_t answers, authorities;
	struct dns_answer *answer;
	struct name owner; /* whose records are looked for */
	enum dns_type type;
};

static void lower_ttl(struct dns_answer *answer, uint32_t ttl)
{
	/* RFC 2181 section 8: with the highest bit it is zero. */
	if (ttl > INT32_MAX)
		ttl = 0;
	if (ttl < answer->ttl)
		answer->ttl = ttl;
}

/* The CNAME of the owner, if there is one: it becomes the owner. */
static bool follow_alias(struct reading *reading)
{
	struct cursor cursor = reading->records;
	struct resource resource;

	for (uint32_t i = 0; i < reading->answers && get_resource(&cursor, &resource); i++) {
		struct cursor data = data_cursor(&cursor, &resource);
		struct name target;

		if (resource.type != DNS_CNAME || resource.class != CLASS_IN ||
		    strcmp(resource.owner.text, reading->owner.text) != 0)
			continue;
		get_name(&data, &target);
		if (data.failed)
			return false;
		lower_ttl(reading->answer, resource.ttl);
		reading->owner = target;
		return reading->answer->alias = true;
	}
	return false;
}

static bool add_record(struct reading *reading, const struct cursor *cursor,
		       const struct resource *resource)
{
	struct dns_answer *answer = reading->answer;

	if (answer->count == DNS_RECORDS_MAX)
		return true;
	answer->records = memory_grow(answer->records, answer->count + 1, sizeof *answer->records);
	answer->records[answer->count] = (struct dns_record){ 0 };
	return take_record(cursor, resource, reading->type, &answer->records[answer->count++]);
}

static bool read_answers(struct reading *reading, struct cursor *cursor)
{
	struct resource resource;

	for (uint32_t i = 0; i < reading->answers; i++) {
		if (!get_resource(cursor, &resource))
			return false;
		if (resource.type != reading->type || resource.class != CLASS_IN ||
		    strcmp(resource.owner.text, reading->owner.text) != 0)
			continue;
		lower_ttl(reading->answer, resource.ttl);
		if (!add_record(reading, cursor, &resource))
			return false;
	}
	return true;
}

/* RFC 2308 section 5: the lesser of the SOA's own TTL and its last number. */
static bool read_absence(struct reading *reading, struct cursor *cursor)
{
	struct resource resource;

	for (uint32_t i = 0; i < reading->authorities; i++) {
		if (!get_resource(cursor, &resource))
			return false;
		if (resource.type != DNS_SOA || resource.length < 4)
			continue;
		struct cursor last = { cursor->at, cursor->size,
				       resource.data + resource.length - 4, false };

		lower_ttl(reading->answer, resource.ttl);
		lower_ttl(reading->answer, get_number(&last, 4));
	}
	return true;
}

static bool read_header(struct reading *reading, struct cursor *cursor)
{
	uint32_t flags, questions;
	struct name name;

	(void)get_number(cursor, 2);
	flags = get_number(cursor, 2);
	questions = get_number(cursor, 2);
	reading->answers = get_number(cursor, 2);
	reading->authorities = get_number(cursor, 2);
	(void)get_number(cursor, 2);
	reading->answer->code = (enum dns_code)(flags & 15);
	while (!cursor->failed && questions--) {
		get_name(cursor, &name);
		(void)get_number(cursor, 4);
	}
	reading->records = *cursor;
	return !cursor->failed;
}

bool dns_answer_parse(struct span packet, const char *name, enum dns_type type,
		      struct dns_answer *answer)
{
	struct cursor cursor = { (const unsigned char *)packet.at, packet.length, 0, false };
	struct reading reading = { .answer = answer, .type = type };
	bool good;

	*answer = (struct dns_answer){ .ttl = UINT32_MAX };
	snprintf(reading.owner.text, sizeof reading.owner.text, "%s", name);
	good = read_header(&reading, &cursor);
	for (unsigned i = 0; good && type != DNS_CNAME && i < ALIASES_MAX && follow_alias(&reading);
	     i++)
		;
	good = good && read_answers(&reading, &cursor) &&
	       (answer->count || read_absence(&reading, &cursor));
	if (!good) {
		dns_answer_clear(answer);
		return false;
	}
	if (!reading.owner.strange)
		snprintf(answer->canonical, sizeof answer->canonical, "%s", reading.owner.text);
	if (answer->ttl == UINT32_MAX)
		answer->ttl = TTL_UNKNOWN;
	return true;
}

void dns_answer_clear(struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++) {
		free(answer->records[i].name);
		free((char *)answer->records[i].data.at);
	}
	free(answer->records);
	*answer = (struct dns_answer){ 0 };
}
