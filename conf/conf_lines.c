/* SPDX-License-Identifier: ISC */
/* On which line each key of the configuration file stands, for complaints made later. */
#include "conf/conf_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct line {
	const void *section; /* libconfuse's; only compared */
	unsigned begins; /* the section's first line; 0 while it is being read, and at top level */
	unsigned line;
	char *key;
};

struct conf_lines {
	struct line *all;
	size_t count;
};

struct conf_lines *conf_lines_new(void)
{
	return memory_new(sizeof(struct conf_lines));
}

void conf_lines_free(struct conf_lines *lines)
{
	if (!lines)
		return;
	for (size_t i = 0; i < lines->count; i++)
		free(lines->all[i].key);
	free(lines->all);
	free(lines);
}

void conf_lines_add(struct conf_lines *lines, const void *section, const char *key, unsigned line)
{
	lines->all = memory_grow(lines->all, lines->count + 1, sizeof(*lines->all));
	lines->all[lines->count++] =
		(struct line){ .section = section, .line = line, .key = memory_text(key) };
}

bool conf_lines_has(const struct conf_lines *lines, const void *section, const char *key)
{
	for (size_t i = 0; i < lines->count; i++)
		if (lines->all[i].section == section && !strcmp(lines->all[i].key, key))
			return true;
	return false;
}

void conf_lines_settle(struct conf_lines *lines, const void *section, unsigned begins)
{
	for (size_t i = 0; i < lines->count; i++)
		if (lines->all[i].section == section)
			lines->all[i].begins = begins;
	conf_lines_add(lines, section, "", begins);
	lines->all[lines->count - 1].begins = begins;
}

unsigned conf_lines_find(const struct conf_lines *lines, unsigned begins, const char *key)
{
	for (size_t i = 0; i < lines->count; i++)
		if (lines->all[i].begins == begins && !strcmp(lines->all[i].key, key))
			return lines->all[i].line;
	return begins;
}

unsigned conf_lines_begins(const struct conf_lines *lines, const void *section)
{
	for (size_t i = 0; i < lines->count; i++)
		if (lines->all[i].section == section)
			return lines->all[i].begins;
	return 0;
}
