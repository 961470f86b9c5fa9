/* SPDX-License-Identifier: ISC */
#include "domain/finding.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

enum { FINDING_TEXT_SIZE = 1200 };

static char *format_text(const char *format, va_list arguments)
{
	char text[FINDING_TEXT_SIZE];

	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	return memory_text(text);
}

void finding_add(struct findings *findings, enum finding_level level, const char *what,
		 const char *where, const char *format, ...)
{
	struct finding *finding;
	va_list arguments;

	findings->list = memory_grow(findings->list, findings->count + 1, sizeof(*findings->list));
	finding = &findings->list[findings->count++];
	va_start(arguments, format);
	*finding = (struct finding){ .level = level,
				     .what = what,
				     .where = memory_text(where),
				     .text = format_text(format, arguments) };
	va_end(arguments);
}

void finding_remedy(struct findings *findings, const char *format, ...)
{
	struct finding *last;
	va_list arguments;

	assert(findings->count > 0);
	last = &findings->list[findings->count - 1];
	free(last->remedy);
	va_start(arguments, format);
	last->remedy = format_text(format, arguments);
	va_end(arguments);
}

void findings_clear(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->list[i].where);
		free(findings->list[i].text);
		free(findings->list[i].remedy);
	}
	free(findings->list);
	*findings = (struct findings)FINDINGS_EMPTY;
}

size_t findings_of(const struct findings *findings, enum finding_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++)
		count += findings->list[i].level == level;
	return count;
}

const char *finding_level_name(enum finding_level level)
{
	static const char *const names[] = { "good", "note", "warning", "error" };

	return names[level];
}
