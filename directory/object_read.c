/* SPDX-License-Identifier: ISC */
/* An entry read as a mail object: every attribute by the configured schema. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "conf/conf.h"
#include "directory/dn.h"
#include "directory/entry.h"
#include "directory/object_private.h"
#include "mail/address.h"

struct reading {
	const struct entry *entry;
	const struct conf_schema *schema;
	struct mail_object *object;
};

static const enum conf_attribute wanted[] = {
	CONF_ATTRIBUTE_QUOTA_SEND,    CONF_ATTRIBUTE_QUOTA_WARN,    CONF_ATTRIBUTE_ROUTING_ADDRESS,
	CONF_ATTRIBUTE_TARGET,        CONF_ATTRIBUTE_FORWARD,       CONF_ATTRIBUTE_FORWARD_ADDRESS,
	CONF_ATTRIBUTE_FORWARD_KEEP,  CONF_ATTRIBUTE_SIZE_SEND,     CONF_ATTRIBUTE_SIZE_RECEIVE,
	CONF_ATTRIBUTE_RECIPIENTS,    CONF_ATTRIBUTE_ACCEPT_FROM,   CONF_ATTRIBUTE_REJECT_FROM,
	CONF_ATTRIBUTE_ACCEPT_GROUPS, CONF_ATTRIBUTE_REJECT_GROUPS, CONF_ATTRIBUTE_AUTHENTICATED,
	CONF_ATTRIBUTE_DELEGATES,     CONF_ATTRIBUTE_LEGACY_DN,     CONF_ATTRIBUTE_MEMBER_ADDRESS,
	CONF_ATTRIBUTE_MEMBER_UID,    CONF_ATTRIBUTE_MEMBER_FILTER, CONF_ATTRIBUTE_MEMBER_BASE,
	CONF_ATTRIBUTE_OWNER,         CONF_ATTRIBUTE_REPORT_OWNER,
};
enum { WANTED = sizeof(wanted) / sizeof(wanted[0]) };

_Static_assert(PERSON_ATTRIBUTES + (int)WANTED + 1 <= OBJECT_ATTRIBUTES, "all have room");
_Static_assert(OBJECT_ATTRIBUTES <= (int)ENTRY_ATTRIBUTES_MAX, "an entry holds them");

void object_attributes(const struct conf_schema *schema, const char *names[OBJECT_ATTRIBUTES])
{
	size_t count = 0;

	person_attributes(schema, names);
	while (names[count])
		count++;
	for (size_t i = 0; i < WANTED; i++) {
		const char *name = schema->attribute[wanted[i]];

		if (name && name[0])
			names[count++] = name;
	}
	if (schema->active_directory)
		names[count++] = "groupType";
	names[count] = NULL;
}

/* The first one is told. */
static void fault(const struct reading *reading, enum conf_attribute attribute, const char *what)
{
	struct mail_object *object = reading->object;

	if (!object->fault[0])
		snprintf(object->fault, sizeof(object->fault), "%.100s: %s",
			 reading->schema->attribute[attribute], what);
}

/* False: there is none of that number. */
static bool value_of(const struct reading *reading, enum conf_attribute attribute, size_t index,
		     struct span *value)
{
	return entry_value(reading->entry, reading->schema->attribute[attribute], index, value);
}

/* The only value there is; false: none, or a fault. */
static bool take_one(const struct reading *reading, enum conf_attribute attribute,
		     struct span *value)
{
	struct span other;

	if (!value_of(reading, attribute, 0, value))
		return false;
	*value = span_trim(*value);
	if (span_has_nul(*value) || value->length == 0)
		fault(reading, attribute, "no text");
	else if (value_of(reading, attribute, 1, &other))
		fault(reading, attribute, "more than one value");
	else
		return true;
	return false;
}

static struct span without_prefix(struct span value)
{
	return span_starts_nocase(value, "smtp:") ? span_skip(value, 5) : value;
}

static bool is_address(struct span value)
{
	struct address address;
	const char *why;

	return address_parse(value, &address, &why) && !address_is_null(&address);
}

enum sort { SORT_TEXT, SORT_DN, SORT_ADDRESS };

/* The text as it is kept, or NULL. */
static char *text_of_sort(struct span value, enum sort sort)
{
	char *text;

	if (sort == SORT_ADDRESS)
		value = without_prefix(value);
	if (value.length == 0 || span_has_nul(value) ||
	    (sort == SORT_ADDRESS && !is_address(value)))
		return NULL;
	text = memory_text_n(value.at, value.length);
	if (sort != SORT_DN || dn_valid(text))
		return text;
	free(text);
	return NULL;
}

static const char *const sort_names[] = { [SORT_TEXT] = "a value is no text",
					  [SORT_DN] = "a value is no DN",
					  [SORT_ADDRESS] = "a value is no address" };

static void read_text(const struct reading *reading, enum conf_attribute attribute, enum sort sort,
		      char **to)
{
	struct span value;

	if (!take_one(reading, attribute, &value))
		return;
	*to = text_of_sort(value, sort);
	if (!*to)
		fault(reading, attribute, sort_names[sort]);
}

static void add_text(struct texts *texts, char *text)
{
	/* Doubled whenever it is full, which a power of two is. */
	if ((texts->count & (texts->count - 1)) == 0)
		texts->at = memory_grow(texts->at, texts->count ? texts->count * 2 : 1,
					sizeof(*texts->at));
	texts->at[texts->count++] = text;
}

static void read_texts(const struct reading *reading, enum conf_attribute attribute, enum sort sort,
		       struct texts *to)
{
	struct span value;

	for (size_t i = 0; value_of(reading, attribute, i, &value); i++) {
		char *text = text_of_sort(span_trim(value), sort);

		if (text)
			add_text(to, text);
		else
			fault(reading, attribute, sort_names[sort]);
	}
	if (entry_more(reading->entry, reading->schema->attribute[attribute]))
		fault(reading, attribute, "not all values came");
}

static bool read_flag(const struct reading *reading, enum conf_attribute attribute)
{
	static const char *const yes[] = { "TRUE", "yes", "1", "on" };
	static const char *const no[] = { "FALSE", "no", "0", "off" };
	struct span value;

	if (!take_one(reading, attribute, &value))
		return false;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (span_is_nocase(value, yes[i]))
			return true;
		if (span_is_nocase(value, no[i]))
			return false;
	}
	fault(reading, attribute, "neither TRUE nor FALSE");
	return false;
}

static void read_size(const struct reading *reading, enum conf_attribute attribute, uint64_t unit,
		      struct object_size *to)
{
	struct span value;
	uint64_t number;

	if (!take_one(reading, attribute, &value))
		return;
	if (span_number(value, &number) &&
	    !__builtin_mul_overflow(number, unit ? unit : 1, &to->octets))
		to->given = true;
	else
		fault(reading, attribute, "no number, or too large a one");
}

static void read_quotas(const struct reading *reading)
{
	struct mail_object *object = reading->object;

	object->quota_send =
		person_quota(reading->entry, reading->schema, CONF_ATTRIBUTE_QUOTA_SEND);
	object->quota_warn =
		person_quota(reading->entry, reading->schema, CONF_ATTRIBUTE_QUOTA_WARN);
	(void)read_flag(reading, CONF_ATTRIBUTE_QUOTA_DEFAULTS);
	if (object->person.state_unreadable)
		fault(reading, CONF_ATTRIBUTE_ENABLED, "neither on nor off");
	if (object->person.host_unreadable)
		fault(reading, CONF_ATTRIBUTE_HOST, "more than one value, or no text");
}

static void read_policy(const struct reading *reading)
{
	struct mail_object *object = reading->object;
	uint64_t unit = reading->schema->size_unit;

	read_size(reading, CONF_ATTRIBUTE_SIZE_SEND, unit, &object->size_send);
	read_size(reading, CONF_ATTRIBUTE_SIZE_RECEIVE, unit, &object->size_receive);
	read_size(reading, CONF_ATTRIBUTE_RECIPIENTS, 1, &object->recipients);
	read_texts(reading, CONF_ATTRIBUTE_ACCEPT_FROM, SORT_DN, &object->accept_from);
	read_texts(reading, CONF_ATTRIBUTE_REJECT_FROM, SORT_DN, &object->reject_from);
	read_texts(reading, CONF_ATTRIBUTE_ACCEPT_GROUPS, SORT_DN, &object->accept_groups);
	read_texts(reading, CONF_ATTRIBUTE_REJECT_GROUPS, SORT_DN, &object->reject_groups);
	object->authenticated_only = read_flag(reading, CONF_ATTRIBUTE_AUTHENTICATED);
	read_texts(reading, CONF_ATTRIBUTE_DELEGATES, SORT_DN, &object->delegates);
}

/* One of two words stands among the values. */
static bool mode_has(const struct reading *reading, const char *word, const char *other)
{
	const char *name = reading->schema->attribute[CONF_ATTRIBUTE_FORWARD_KEEP];

	return entry_has(reading->entry, name, word) || entry_has(reading->entry, name, other);
}

/*
 * Where forwarding keeps the mailbox unless told otherwise: words of deliveryMode, any number of
 * them. True when forwarding counts.
 */
static bool read_mode(const struct reading *reading)
{
	bool forwards = !mode_has(reading, "noforward", "localonly");

	reading->object->keep =
		!mode_has(reading, "nolocal", "forwardonly") && !mode_has(reading, "FALSE", "0");
	if (!reading->object->keep && !forwards)
		fault(reading, CONF_ATTRIBUTE_FORWARD_KEEP, "mail is neither kept nor forwarded");
	return forwards;
}

static void read_forwards(const struct reading *reading)
{
	struct mail_object *object = reading->object;

	if (!reading->schema->forward_keep)
		object->keep = read_flag(reading, CONF_ATTRIBUTE_FORWARD_KEEP);
	else if (!read_mode(reading))
		return;
	read_texts(reading, CONF_ATTRIBUTE_FORWARD, SORT_DN, &object->forward);
	read_texts(reading, CONF_ATTRIBUTE_FORWARD_ADDRESS, SORT_ADDRESS, &object->forward_address);
}

static void read_ways(const struct reading *reading)
{
	struct mail_object *object = reading->object;

	read_text(reading, CONF_ATTRIBUTE_LEGACY_DN, SORT_TEXT, &object->legacy_dn);
	read_text(reading, CONF_ATTRIBUTE_ROUTING_ADDRESS, SORT_ADDRESS, &object->routing_address);
	read_text(reading, CONF_ATTRIBUTE_TARGET, SORT_ADDRESS, &object->target);
	read_forwards(reading);
}

static void read_members(const struct reading *reading)
{
	struct mail_object *object = reading->object;
	const char *member = reading->schema->attribute[CONF_ATTRIBUTE_MEMBER];

	/* MS-ADTS 2.2.12: GROUP_TYPE_SECURITY_ENABLED; the number has a sign. */
	object->security = (uint32_t)entry_number(reading->entry, "groupType", 0) & 0x80000000u;
	object->members_by_dn = object->person.kind == PERSON_GROUP && member && member[0];
	read_texts(reading, CONF_ATTRIBUTE_MEMBER_ADDRESS, SORT_ADDRESS, &object->member_address);
	read_texts(reading, CONF_ATTRIBUTE_MEMBER_UID, SORT_TEXT, &object->member_uid);
	read_text(reading, CONF_ATTRIBUTE_MEMBER_FILTER, SORT_TEXT, &object->member_filter);
	read_text(reading, CONF_ATTRIBUTE_MEMBER_BASE, SORT_DN, &object->member_base);
	read_text(reading, CONF_ATTRIBUTE_OWNER, SORT_DN, &object->owner);
	object->report_owner = read_flag(reading, CONF_ATTRIBUTE_REPORT_OWNER);
}

/* An attribute of addresses names one twice never; two attributes do. */
static void add_address(struct texts *to, struct span value, size_t compare)
{
	struct address address;
	char text[ADDRESS_TEXT_SIZE];
	const char *why;

	if (!address_parse(value, &address, &why) || !address.domain[0])
		return;
	address_text(&address, text);
	for (size_t i = 0; i < compare && i < to->count; i++)
		if (span_is_nocase(span_text(to->at[i]), text))
			return;
	add_text(to, memory_text(text));
}

/* The mail values mostly are few, the aliases may be ten thousand. */
static void read_addresses(const struct reading *reading)
{
	enum { COMPARED_MAX = 64 };
	struct texts *to = &reading->object->addresses;
	struct span value;
	size_t compare;

	add_address(to, span_text(reading->object->person.address), 0);
	for (size_t i = 0; to->count == 0 && value_of(reading, CONF_ATTRIBUTE_ALIAS, i, &value);
	     i++)
		if (value.length > 5 && memcmp(value.at, "SMTP:", 5) == 0)
			add_address(to, span_skip(value, 5), 0);
	for (size_t i = 0; value_of(reading, CONF_ATTRIBUTE_MAIL, i, &value); i++)
		add_address(to, value, 1);
	compare = to->count < COMPARED_MAX ? to->count : COMPARED_MAX;
	for (size_t i = 0; value_of(reading, CONF_ATTRIBUTE_ALIAS, i, &value); i++)
		add_address(to, without_prefix(value), compare);
	if (entry_more(reading->entry, reading->schema->attribute[CONF_ATTRIBUTE_ALIAS]))
		fault(reading, CONF_ATTRIBUTE_ALIAS, "not all values came");
}

struct mail_object *object_read(const struct entry *entry, const struct conf_schema *schema,
				const struct conf *conf, int64_t now, const char **why)
{
	struct mail_object *object = object_new();
	struct reading reading = { entry, schema, object };

	if (!person_read(entry, schema, conf, now, &object->person, why)) {
		object_drop(object);
		return NULL;
	}
	read_addresses(&reading);
	read_quotas(&reading);
	read_ways(&reading);
	read_policy(&reading);
	read_members(&reading);
	object_count_octets(object);
	return object;
}
