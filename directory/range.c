/* SPDX-License-Identifier: ISC */
#include "directory/range.h"

#include <string.h>

#include "base/span.h"

enum { RANGE_MAX = 100000000 };

static bool number(struct span text, size_t *value)
{
	uint64_t parsed;

	if (!span_number(text, &parsed) || parsed > RANGE_MAX)
		return false;
	*value = (size_t)parsed;
	return true;
}

bool range_parse(const char *description, struct range *range)
{
	static const char option[] = ";range=";
	const char *at = strcasestr(description, option);
	struct span rest, low;
	size_t last;

	*range = (struct range){ .name = at ? (size_t)(at - description) : strlen(description) };
	if (!at)
		return true;
	range->given = true;
	rest = span_text(at + sizeof(option) - 1);
	if (!span_cut(&rest, '-', &low) || !number(low, &range->first))
		return false;
	if (span_is(rest, "*"))
		return true;
	if (!number(rest, &last) || last < range->first)
		return false;
	range->next = last + 1;
	return true;
}
