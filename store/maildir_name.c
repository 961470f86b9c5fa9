/* SPDX-License-Identifier: ISC */
#include "store/maildir_name.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_uint_least64_t deliveries;

/* Digits at the front of *rest; false when there are none or too many. */
static bool digits_take(struct span *rest, uint64_t *value)
{
	size_t length = 0;

	while (length < rest->length && ascii_is_digit(rest->at[length]))
		length++;
	if (!span_number(span_make(rest->at, length), value))
		return false;
	*rest = span_skip(*rest, length);
	return true;
}

/* ",S=123" among the attributes; as Dovecot reads it, a comma, a colon or the end must follow. */
static bool attribute_find(struct span attributes, char key, uint64_t *value)
{
	for (size_t i = 0; i + 3 < attributes.length; i++) {
		struct span rest;

		if (attributes.at[i] == ':')
			return false;
		if (attributes.at[i] != ',' || attributes.at[i + 1] != key ||
		    attributes.at[i + 2] != '=')
			continue;
		rest = span_skip(attributes, i + 3);
		return digits_take(&rest, value) &&
		       (rest.length == 0 || rest.at[0] == ',' || rest.at[0] == ':');
	}
	return false;
}

/* The number after a letter in the middle part: M123 P45 Q6 in "1700000000.M123P45Q6.host". */
static uint64_t letter_find(struct span middle, char letter)
{
	for (size_t i = 0; i + 1 < middle.length && middle.at[i] != '.'; i++) {
		struct span rest = span_skip(middle, i + 1);
		uint64_t value;

		if (middle.at[i] == letter && digits_take(&rest, &value))
			return value;
	}
	return 0;
}

bool maildir_name_parse(struct span name, struct maildir_name *parsed)
{
	struct span rest = name, attributes;
	size_t length = 0;

	memset(parsed, 0, sizeof *parsed);
	if (name.length == 0 || name.at[0] == '.')
		return false;
	while (length < name.length && name.at[length] != ',' && name.at[length] != ':')
		length++;
	parsed->unique = span_make(name.at, length);
	attributes = span_skip(name, length);
	parsed->has_octets = attribute_find(attributes, 'S', &parsed->octets);
	parsed->has_wire = attribute_find(attributes, 'W', &parsed->wire);
	rest.length = length;
	if (!digits_take(&rest, &parsed->seconds) || rest.length == 0 || rest.at[0] != '.') {
		parsed->seconds = 0;
		return true;
	}
	rest = span_skip(rest, 1);
	parsed->microseconds = letter_find(rest, 'M');
	parsed->counter = letter_find(rest, 'Q');
	return true;
}

void maildir_name_uid(struct span unique, char uid[MAILDIR_UID_SIZE])
{
	bool plain = unique.length > 0 && unique.length < MAILDIR_UID_SIZE;
	unsigned __int128 hash;

	for (size_t i = 0; plain && i < unique.length; i++)
		plain = unique.at[i] >= 0x21 && unique.at[i] <= 0x7e;
	if (plain && span_copy(unique, uid, MAILDIR_UID_SIZE))
		return;
	hash = path_hash(unique);
	snprintf(uid, MAILDIR_UID_SIZE, "%016llx%016llx", (unsigned long long)(hash >> 64),
		 (unsigned long long)hash);
}

void maildir_name_unique(const char *host, char to[MAILDIR_UID_SIZE])
{
	uint64_t counter = atomic_fetch_add(&deliveries, 1) + 1;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(to, MAILDIR_UID_SIZE, "%llu.M%06luP%uQ%llu.%.*s", (unsigned long long)now.tv_sec,
		 (unsigned long)now.tv_nsec / 1000, (unsigned)getpid(), (unsigned long long)counter,
		 MAILDIR_HOST_SIZE - 1, host);
}

void maildir_host(const char *name, char to[MAILDIR_HOST_SIZE])
{
	size_t length = 0;

	for (; name[length] != '\0' && length < MAILDIR_HOST_SIZE - 1; length++)
		to[length] = ascii_is_alnum(name[length]) || strchr("-.", name[length]) != NULL
				     ? name[length]
				     : '_';
	to[length] = '\0';
	if (length == 0)
		strcpy(to, "localhost");
}
