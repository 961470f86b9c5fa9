/* SPDX-License-Identifier: ISC */
/*
 * libconfuse reads the prepared text. Every value comes as text: what it means is
 * decided afterwards, so that one run finds all wrong values, each with its line.
 */
#include "conf/conf_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* libconfuse gives its callbacks no context and its scanner is global: one reading at a time. */
static struct conf_reading *current;

static const struct {
	const char *begins; /* libconfuse's words */
	const char *advice;
} advices[] = {
	{ "missing equal sign", "write key = value" },
	{ "missing opening brace", "write { after the section's name" },
	{ "missing title", "write the section as: kind \"name\" { ... }" },
	{ "unexpected token", "a key, a value or a comma is missing before it" },
	{ "premature end", "the last key has no value; write key = value" },
	{ "attempt to append", "write = instead of +=" },
	{ "found duplicate title", "give each section of a kind its own name" },
	{ "no sub-section", "write the key inside its section" },
};

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Edit distance; words longer than the row are nobody's typing error. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], width = strlen(b);

	if (width >= sizeof(row) / sizeof(*row) || strlen(a) >= sizeof(row) / sizeof(*row))
		return SIZE_MAX;
	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < width; j++) {
			size_t old = row[j + 1];

			row[j + 1] = smallest(old + 1, row[j] + 1, corner + (a[i] != b[j]));
			corner = old;
		}
	}
	return row[width];
}

static const char *nearest_key(const cfg_t *section, const char *wrong)
{
	const char *best = NULL;
	size_t limit = strlen(wrong) / 3 + 1;

	for (const cfg_opt_t *opt = section->opts; opt->name; opt++) {
		size_t far = distance(wrong, opt->name);

		if (far <= limit) {
			best = opt->name;
			limit = far - (far > 0);
		}
	}
	return best;
}

static void tell_unknown(const cfg_t *section, const char *text)
{
	struct span name = span_text(strchr(text, '\'') + 1);
	bool top = !strcmp(section->name, "root");
	const char *near;
	char *wrong;

	if (name.length > 0)
		name.length--;
	wrong = memory_text_n(name.at, name.length);
	near = nearest_key(section, wrong);
	if (near)
		conf_tell(current, (unsigned)section->line,
			  "no key or section \"%s\" %s%s: did you mean \"%s\"?", wrong,
			  top ? "at top level" : "in section ", top ? "" : section->name, near);
	else
		conf_tell(current, (unsigned)section->line,
			  "no key or section \"%s\" %s%s: see postern.conf(5) for what there is",
			  wrong, top ? "at top level" : "in section ", top ? "" : section->name);
	free(wrong);
}

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *section, const char *format,
							   va_list arguments)
{
	char text[512];

	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		snprintf(text, sizeof(text), "unreadable");
	if (!strncmp(text, "no such option '", 16)) {
		tell_unknown(section, text);
		return;
	}
	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++) {
		if (!strncmp(text, advices[i].begins, strlen(advices[i].begins))) {
			conf_tell(current, (unsigned)section->line, "%s: %s", text,
				  advices[i].advice);
			return;
		}
	}
	conf_tell(current, (unsigned)section->line, "%s: see postern.conf(5)", text);
}

/* Called for each text of a value, on its line. */
static int on_value(cfg_t *section, cfg_opt_t *opt, const char *value, void *result)
{
	/* libconfuse has made room for this text already; the first of a list has index 0. */
	bool first = opt->nvalues <= 1;

	if (first && conf_lines_has(current->lines, section, opt->name)) {
		conf_tell(current, (unsigned)section->line, "%s is given twice: remove one",
			  opt->name);
		return -1;
	}
	if (first)
		conf_lines_add(current->lines, section, opt->name, (unsigned)section->line);
	*(const char **)result = value;
	return 0;
}

/* Called when a section closes. */
static int on_section(cfg_t *parent, cfg_opt_t *opt)
{
	const cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	unsigned begins = (unsigned)parent->line;

	if (current->section_next < current->section_count)
		begins = current->section_lines[current->section_next++];
	conf_lines_settle(current->lines, section, begins);
	return 0;
}

static size_t keys_count(const struct conf_section *section)
{
	size_t count = 0;

	for (const struct conf_key *key = section->keys; key->name; key++)
		count++;
	for (const struct conf_section *inner = section->inner; inner && inner->name; inner++)
		count++;
	return count;
}

static cfg_opt_t *options_new(const struct conf_section *section);

static void options_free(cfg_opt_t *options)
{
	for (cfg_opt_t *opt = options; opt->name; opt++)
		if (opt->subopts)
			options_free(opt->subopts);
	free(options);
}

static cfg_opt_t option_of_section(const struct conf_section *section)
{
	/* Sections that may stand once are counted afterwards: libconfuse would merge them. */
	cfg_flag_t flags = CFGF_MULTI | (section->titled ? CFGF_TITLE | CFGF_NO_TITLE_DUPES : 0);

	return (cfg_opt_t)CFG_SEC(section->name, options_new(section), flags);
}

static cfg_opt_t *options_new(const struct conf_section *section)
{
	size_t count = keys_count(section);
	cfg_opt_t *options = memory_array(count + 1, sizeof(*options)), *opt = options;

	for (const struct conf_key *key = section->keys; key->name; key++) {
		if (key->kind == CONF_KIND_LIST || key->kind == CONF_KIND_TIMES ||
		    key->kind == CONF_KIND_PEERS)
			*opt++ = (cfg_opt_t)CFG_STR_LIST_CB(key->name, 0, CFGF_NODEFAULT, on_value);
		else
			*opt++ = (cfg_opt_t)CFG_STR_CB(key->name, 0, CFGF_NODEFAULT, on_value);
	}
	for (const struct conf_section *inner = section->inner; inner && inner->name; inner++)
		*opt++ = option_of_section(inner);
	*opt = (cfg_opt_t)CFG_END();
	return options;
}

static void watch_sections(cfg_opt_t *options)
{
	for (cfg_opt_t *opt = options; opt->name; opt++) {
		if (opt->type == CFGT_SEC) {
			opt->validcb = on_section;
			watch_sections(opt->subopts);
		}
	}
}

bool conf_syntax_read(struct conf_reading *reading)
{
	cfg_opt_t *options = options_new(&conf_root);
	bool read;

	watch_sections(options);
	reading->root = cfg_init(options, CFGF_NONE);
	options_free(options);
	if (!reading->root)
		memory_die("libconfuse");
	cfg_set_error_function(reading->root, on_error);
	current = reading;
	read = cfg_parse_buf(reading->root, reading->text) == CFG_SUCCESS;
	current = NULL;
	if (!read && reading->complaints == 0)
		conf_tell(reading, 0, "libconfuse cannot read it: see postern.conf(5)");
	return read;
}
