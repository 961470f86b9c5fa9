/* SPDX-License-Identifier: ISC */
/* From libconfuse's tree to the structs, by the tables of conf_options.c. */
#include "conf/conf_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

_Static_assert(sizeof(enum conf_tls) == sizeof(int) && sizeof(enum conf_log_to) == sizeof(int),
	       "choices are kept as int");

static const struct conf_section *section_table(const char *name)
{
	for (const struct conf_section *inner = conf_root.inner; inner->name; inner++)
		if (!strcmp(inner->name, name))
			return inner;
	memory_die(name);
}

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

static struct conf_listen *fill_listens(struct conf_reading *reading, cfg_t *section, size_t *count)
{
	struct conf_listen *listens;
	const char *why;

	*count = cfg_size(section, "listen");
	listens = memory_array(*count + 1, sizeof(*listens));
	for (size_t i = 0; i < *count; i++) {
		cfg_t *inner = cfg_getnsec(section, "listen", (unsigned)i);

		listens[i].line = conf_lines_begins(reading->lines, inner);
		conf_fill_keys(reading, inner, section_table("smtp")->inner[0].keys, &listens[i]);
		if (!conf_listen_parse(cfg_title(inner), &listens[i].address, &listens[i].port,
				       &why))
			conf_tell(reading, listens[i].line, "listen \"%s\": %s", cfg_title(inner),
				  why);
	}
	return listens;
}

void conf_fill_fallbacks(struct conf_reading *reading, const struct conf_key *keys, void *object)
{
	for (const struct conf_key *key = keys; key->name; key++) {
		struct conf_place place = { reading, key, 0 };

		if (key->fallback)
			fill_value(&place, (char *)object + key->offset, key->fallback);
	}
}

/*
 * Methods without a directory have one section all the same, so that nobody else need
 * ask for the method: its domains' accounts are there. Files are read anew each time.
 */
static void fill_accounts(struct conf_reading *reading)
{
	enum { CHECKS = 8 };
	struct conf *conf = reading->conf;
	struct conf_directory *directory;

	conf->directories_count = 1;
	conf->directories = memory_array(2, sizeof(*conf->directories));
	directory = &conf->directories[0];
	conf_fill_fallbacks(reading, section_table("directory")->keys, directory);
	directory->name = memory_text(conf_method_name(conf->method));
	directory->file = conf->file;
	conf_directory_defaults(directory, true);
	directory->schema.active_directory = false;
	directory->lookups = directory->password_checks = CHECKS;
	directory->cache_positive = 1;
	directory->cache_negative = 0;
	if (cfg_size(reading->root, "directory") > 0)
		conf_tell(reading,
			  conf_lines_begins(reading->lines,
					    cfg_getnsec(reading->root, "directory", 0)),
			  "method = \"%s\" asks no directory: remove this section, or write "
			  "method = \"directory\"",
			  directory->name);
}

static void fill_directories(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;

	conf->directories_count = cfg_size(reading->root, "directory");
	conf->directories = memory_array(conf->directories_count + 1, sizeof(*conf->directories));
	for (size_t i = 0; i < conf->directories_count; i++) {
		cfg_t *section = cfg_getnsec(reading->root, "directory", (unsigned)i);
		struct conf_directory *directory = &conf->directories[i];

		directory->name = memory_text(cfg_title(section));
		directory->file = conf->file;
		directory->line = conf_lines_begins(reading->lines, section);
		conf_fill_keys(reading, section, section_table("directory")->keys, directory);
		conf_directory_defaults(directory, cfg_size(section, "tls") > 0);
	}
}

static void fill_domains(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;

	conf->domains_count = cfg_size(reading->root, "domain");
	conf->domains = memory_array(conf->domains_count + 1, sizeof(*conf->domains));
	reading->domains = memory_array(conf->domains_count + 1, sizeof(*reading->domains));
	for (size_t i = 0; i < conf->domains_count; i++) {
		cfg_t *section = cfg_getnsec(reading->root, "domain", (unsigned)i);
		struct conf_domain_keys *keys = &reading->domains[i];

		conf_fill_keys(reading, section, section_table("domain")->keys, keys);
		keys->domain.name = memory_text(cfg_title(section));
		ascii_lower_text(keys->domain.name);
		keys->domain.line = conf_lines_begins(reading->lines, section);
		conf->domains[i] = keys->domain;
	}
}

static void fill_smtps(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;

	conf->smtps_count = cfg_size(reading->root, "smtp");
	conf->smtps = memory_array(conf->smtps_count + 1, sizeof(*conf->smtps));
	for (size_t i = 0; i < conf->smtps_count; i++) {
		cfg_t *section = cfg_getnsec(reading->root, "smtp", (unsigned)i);
		struct conf_smtp *smtp = &conf->smtps[i];

		conf_fill_keys(reading, section, section_table("smtp")->keys, smtp);
		smtp->name = memory_text(cfg_title(section));
		smtp->line = conf_lines_begins(reading->lines, section);
		smtp->listens = fill_listens(reading, section, &smtp->listens_count);
		conf_fill_outbound(reading, section, smtp);
	}
}

/* A section that may stand once, NULL if it is not there; its line in *line. */
static cfg_t *only_section(struct conf_reading *reading, const char *name, unsigned *line)
{
	unsigned count = cfg_size(reading->root, name);

	for (unsigned i = 1; i < count; i++)
		conf_tell(reading,
			  conf_lines_begins(reading->lines, cfg_getnsec(reading->root, name, i)),
			  "a second section %s: put its keys into the first one", name);
	if (count == 0)
		return NULL;
	*line = conf_lines_begins(reading->lines, cfg_getnsec(reading->root, name, 0));
	return cfg_getnsec(reading->root, name, 0);
}

static cfg_t *fill_only(struct conf_reading *reading, const char *name, void *object,
			unsigned *line)
{
	const struct conf_key *keys = section_table(name)->keys;
	cfg_t *section = only_section(reading, name, line);

	if (section)
		conf_fill_keys(reading, section, keys, object);
	else
		conf_fill_fallbacks(reading, keys, object);
	return section;
}

void conf_fill(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;
	cfg_t *pop3;

	conf_fill_keys(reading, reading->root, conf_root.keys, conf);
	if (conf->method == CONF_METHOD_DIRECTORY)
		fill_directories(reading);
	else
		fill_accounts(reading);
	fill_domains(reading);
	fill_smtps(reading);
	conf_fill_remotes(reading);
	pop3 = fill_only(reading, "pop3", &conf->pop3, &conf->pop3.line);
	if (pop3) {
		conf->pop3.enabled = true;
		conf->pop3.listens = fill_listens(reading, pop3, &conf->pop3.listens_count);
	}
	conf_fill_methods(reading);
	fill_only(reading, "store", &conf->store, &conf->store.line);
	fill_only(reading, "log", &conf->log, &conf->log.line);
}
