/* SPDX-License-Identifier: ISC */
/* From libconfuse's sections to the structs, by the tables of conf_options.c. */
#include "conf/conf_private.h"

#include <string.h>

#include "base/memory.h"

static const struct conf_section *section_table(const char *name)
{
	for (const struct conf_section *inner = conf_root.inner; inner->name; inner++)
		if (!strcmp(inner->name, name))
			return inner;
	memory_die(name);
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
	conf->proxy.enabled = fill_only(reading, "pop3_proxy", &conf->proxy, &conf->proxy.line);
	conf_fill_quotas(reading, fill_only(reading, "quota", &conf->quotas, &conf->quotas.line));
	fill_only(reading, "store", &conf->store, &conf->store.line);
	fill_only(reading, "log", &conf->log, &conf->log.line);
}
