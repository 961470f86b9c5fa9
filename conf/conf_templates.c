/* SPDX-License-Identifier: ISC */
#include "conf/conf_templates.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "mail/report.h"

#define PIECE           4096
#define MOST            (1 << 20) /* octets; more than report_template_parse takes */
#define DIRECTORY_SHOWN 200

static const char *const names[REPORT_KINDS] = { [REPORT_KIND_FAILED] = "failed.txt",
						 [REPORT_KIND_DELAYED] = "delayed.txt",
						 [REPORT_KIND_SUCCESS] = "success.txt" };

/* False with errno: it is there, and cannot be read. */
static bool read_text(const char *directory, const char *name, struct buffer *to)
{
	char path[4096];
	size_t count;
	FILE *file;
	bool good;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	file = fopen(path, "re");
	if (file == NULL)
		return errno == ENOENT;
	do {
		count = fread(buffer_reserve(to, PIECE), 1, PIECE, file);
		buffer_commit(to, count);
	} while (count > 0 && buffer_used(to) < MOST);
	good = ferror(file) == 0;
	return fclose(file) == 0 && good;
}

struct report_template *conf_templates_read(const char *directory,
					    char why[CONF_TEMPLATES_WHY_SIZE])
{
	struct buffer buffers[REPORT_KINDS] = { BUFFER_EMPTY };
	struct span texts[REPORT_KINDS];
	struct report_template *template = NULL;
	struct report_fault fault = { .why = NULL };
	size_t good = 0;

	while (good < REPORT_KINDS && read_text(directory, names[good], &buffers[good])) {
		texts[good] = buffer_span(&buffers[good]);
		good++;
	}
	if (good < REPORT_KINDS)
		snprintf(why, CONF_TEMPLATES_WHY_SIZE, "%.*s/%s: %s", DIRECTORY_SHOWN, directory,
			 names[good], strerror(errno));
	else
		template = report_template_parse(texts, &fault);
	if (fault.why != NULL)
		snprintf(why, CONF_TEMPLATES_WHY_SIZE, "%.*s/%s:%u: %s", DIRECTORY_SHOWN, directory,
			 names[fault.kind], fault.line, fault.why);
	for (size_t i = 0; i < REPORT_KINDS; i++)
		buffer_clear(&buffers[i]);
	return template;
}
