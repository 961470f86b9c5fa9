/* SPDX-License-Identifier: ISC */
#include "mail/lines.h"

#include <string.h>

enum lines_found lines_scan(const char *at, const char *end, const char **after)
{
	const char *lf = memchr(at, '\n', (size_t)(end - at));
	const char *stop = lf != NULL ? lf : end;
	const char *cr = memchr(at, '\r', (size_t)(stop - at));

	*after = lf != NULL ? lf + 1 : end;
	if (cr != NULL && cr + 1 != stop)
		return LINES_BARE;
	if (lf == NULL)
		return cr != NULL ? LINES_PART_CR : LINES_PART;
	return cr != NULL ? LINES_END : LINES_BARE;
}

void lines_check(struct lines *lines, struct span chunk)
{
	const char *at = chunk.at, *end = chunk.at + chunk.length;

	if (chunk.length == 0 || lines->bare)
		return;
	if (lines->cr) {
		lines->cr = false;
		lines->bare = *at++ != '\n';
	}
	while (at < end && !lines->bare) {
		enum lines_found found = lines_scan(at, end, &at);

		lines->cr = found == LINES_PART_CR;
		lines->bare = found == LINES_BARE;
	}
}
