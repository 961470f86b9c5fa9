/* SPDX-License-Identifier: ISC */
/* The values of a section, by their kinds, from libconfuse's tree to the members of a struct. */
#include "conf/conf_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

_Static_assert(sizeof(enum conf_tls) == sizeof(int) && sizeof(enum conf_log_to) == sizeof(int),
	       "choices are kept as int");

static void keep_choice(const struct conf_key *key, void *member, int value)
{
	if (key->kind == CONF_KIND_EITHER)
		*(bool *)member = value;
	else
		memcpy(member, &value, sizeof(value));
}

static void fill_choice(const struct conf_place *place, void *member, const char *text)
{
	char known[200] = "";
	size_t used = 0;

	for (const struct conf_choice *choice = place->key->choices; choice->name; choice++) {
		if (!strcmp(choice->name, text)) {
			keep_choice(place->key, member, choice->value);
			return;
		}
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s\"%s\"",
					 used ? ", " : "", choice->name);
	}
	conf_tell(place->reading, place->line, "%s = \"%s\" is none of its values: write one of %s",
		  place->key->name, text, known);
}

/* How the kinds of numbers are read and spoken of. */
struct measure {
	bool (*parse)(const char *text, uint64_t *value);
	const char *noun, *form, *unit;
};

static const struct measure *measure_of(enum conf_kind kind)
{
	static const struct measure size = { conf_quantity_size, "size",
					     "octets, or a number and K, M or G", " octets" };
	static const struct measure time = { conf_quantity_time, "time",
					     "seconds, or a number and s, m, h or d", " seconds" };
	static const struct measure count = { conf_quantity_count, "number", "decimal digits only",
					      "" };

	switch (kind) {
	case CONF_KIND_SIZE:
		return &size;
	case CONF_KIND_TIME:
	case CONF_KIND_TIMES:
		return &time;
	default:
		return &count;
	}
}

static void fill_number(const struct conf_place *place, void *member, const char *text)
{
	const struct conf_key *key = place->key;
	const struct measure *measure = measure_of(key->kind);
	uint64_t value = 0;

	if (!measure->parse(text, &value))
		conf_tell(place->reading, place->line, "%s = \"%s\" is no %s: write %s", key->name,
			  text, measure->noun, measure->form);
	else if (value < key->least || value > key->most)
		conf_tell(place->reading, place->line,
			  "%s = %s is out of range: write %llu to %llu%s", key->name, text,
			  (unsigned long long)key->least, (unsigned long long)key->most,
			  measure->unit);
	else if (key->kind == CONF_KIND_SIZE)
		*(uint64_t *)member = value;
	else if (key->kind == CONF_KIND_PORT)
		*(uint16_t *)member = (uint16_t)value;
	else
		*(unsigned *)member = (unsigned)value;
}

static void fill_bool(const struct conf_place *place, void *member, const char *text)
{
	int value = cfg_parse_boolean(text);

	if (value < 0)
		conf_tell(place->reading, place->line,
			  "%s = \"%s\" is neither true nor false: write one of them",
			  place->key->name, text);
	*(bool *)member = value > 0;
}

static void fill_text(const struct conf_place *place, void *member, const char *text)
{
	if (place->key->kind == CONF_KIND_PATH && *text && *text != '/')
		conf_tell(place->reading, place->line,
			  "%s = \"%s\" is a relative path: write it from / on", place->key->name,
			  text);
	*(char **)member = memory_text(text);
}

/* The number of texts, values or peers of a list that is this member. */
static size_t *count_of(const struct conf_key *key, void *member)
{
	return (size_t *)(void *)((char *)member - key->offset + key->count);
}

static void fill_list(char ***texts, size_t *count, const char *text)
{
	*texts = memory_grow(*texts, *count + 1, sizeof(**texts));
	(*texts)[(*count)++] = memory_text(text);
}

/* One of them, or as a default some with blanks between. */
static void fill_times(const struct conf_place *place, void *member, const char *text)
{
	unsigned **times = member;
	size_t *count = count_of(place->key, member);
	struct span rest = span_text(text), one;

	while (span_cut(&rest, ' ', &one)) {
		char *copy = memory_text_n(one.at, one.length);

		*times = memory_grow(*times, *count + 1, sizeof(**times));
		(*times)[*count] = 0;
		fill_number(place, &(*times)[(*count)++], copy);
		free(copy);
	}
}

static void fill_value(const struct conf_place *place, void *member, const char *text)
{
	switch (place->key->kind) {
	case CONF_KIND_TEXT:
	case CONF_KIND_PATH:
		fill_text(place, member, text);
		break;
	case CONF_KIND_SIZE:
	case CONF_KIND_TIME:
	case CONF_KIND_COUNT:
	case CONF_KIND_PORT:
		fill_number(place, member, text);
		break;
	case CONF_KIND_BOOL:
		fill_bool(place, member, text);
		break;
	case CONF_KIND_CHOICE:
	case CONF_KIND_EITHER:
		fill_choice(place, member, text);
		break;
	case CONF_KIND_HOP:
		conf_fill_hop(place, member, text);
		break;
	case CONF_KIND_TIMES:
		fill_times(place, member, text);
		break;
	case CONF_KIND_PEERS:
		conf_fill_peer(place, member, count_of(place->key, member), text);
		break;
	case CONF_KIND_LIST:
		fill_list(member, count_of(place->key, member), text);
		break;
	}
}


void conf_fill_keys(struct conf_reading *reading, cfg_t *section, const struct conf_key *keys,
		    void *object)
{
	unsigned begins = conf_lines_begins(reading->lines, section);

	for (const struct conf_key *key = keys; key->name; key++) {
		struct conf_place place = { reading, key,
				       conf_lines_find(reading->lines, begins, key->name) };
		cfg_opt_t *opt = cfg_getopt(section, key->name);
		char *member = (char *)object + key->offset;

		for (unsigned i = 0; i < cfg_opt_size(opt); i++)
			fill_value(&place, member, cfg_opt_getnstr(opt, i));
		if (cfg_opt_size(opt) == 0 && key->fallback)
			fill_value(&place, member, key->fallback);
	}
}

void conf_fill_fallbacks(struct conf_reading *reading, const struct conf_key *keys, void *object)
{
	for (const struct conf_key *key = keys; key->name; key++) {
		struct conf_place place = { reading, key, 0 };

		if (key->fallback)
			fill_value(&place, (char *)object + key->offset, key->fallback);
	}
}
