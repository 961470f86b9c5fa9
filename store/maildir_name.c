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

static unsigned __int128 hash_128(struct span bytes)
{
	/* FNV-1a, 128 bit: nobody chooses these names to collide, and the answer must never change.
	 */
	const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
	unsigned __int128 hash =
		((unsigned __int128)0x6c62272e07bb0142u << 64) | 0x62b821756295c58du;

	for (size_t i = 0; i < bytes.length; i++) {
		hash ^= (unsigned char)bytes.at[i];
		hash *= prime;
	}
	return hash;
}

void maildir_name_uid(struct span unique, char uid[MAILDIR_UID_SIZE])
{
	bool plain = unique.length > 0 && unique.length < MAILDIR_UID_SIZE;
	unsigned __int128 hash;

	for (size_t i = 0; plain && i < unique.length; i++)
		plain = unique.at[i] >= 0x21 && unique.at[i] <= 0x7e;
	if (plain && span_copy(unique, uid, MAILDIR_UID_SIZE))
		return;
	hash = hash_128(unique);
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

static bool component_escapes(const char *name, size_t i)
{
	unsigned char c = (unsigned char)name[i];

	return c < 0x20 || c == 0x7f || c == '/' || c == '%' || (c == '.' && i == 0);
}

bool path_component(const char *name, char to[PATH_COMPONENT_MAX + 1])
{
	const size_t tail =
		18; /* "%~" and a 64-bit hash; an escape is %XX, so no name looks like it */
	struct span whole = span_text(name);
	size_t used = 0, cut = 0;

	for (size_t i = 0; i < whole.length; i++) {
		size_t need = component_escapes(name, i) ? 3 : 1;

		if (used + need > PATH_COMPONENT_MAX) {
			snprintf(to + cut, tail + 1, "%%~%016llx",
				 (unsigned long long)hash_128(whole));
			return true;
		}
		if (need == 3)
			snprintf(to + used, 4, "%%%02X", (unsigned)(unsigned char)name[i]);
		else
			to[used] = name[i];
		used += need;
		if (used + tail <= PATH_COMPONENT_MAX)
			cut = used;
	}
	to[used] = '\0';
	return used > 0;
}
