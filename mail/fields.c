/* SPDX-License-Identifier: ISC */
#include "mail/fields.h"

#include <string.h>

bool fields_line(struct span *rest, struct span *text)
{
	const char *lf;

	if (rest->length == 0)
		return false;
	lf = memchr(rest->at, '\n', rest->length);
	*text = span_make(rest->at, lf != NULL ? (size_t)(lf - rest->at) : rest->length);
	*rest = span_skip(*rest, text->length + (lf != NULL ? 1 : 0));
	if (lf != NULL && text->length > 0 && text->at[text->length - 1] == '\r')
		text->length--;
	return true;
}

/* ftext of RFC 5322 section 3.6.8; blanks before ":" are the obsolete syntax of section 4.5.3. */
static bool name_take(struct span line, struct span *name)
{
	const char *colon = line.length > 0 ? memchr(line.at, ':', line.length) : NULL;

	if (colon == NULL)
		return false;
	*name = span_make(line.at, (size_t)(colon - line.at));
	*name = span_trim(*name);
	if (name->at != line.at)
		return false;
	for (size_t i = 0; i < name->length; i++) {
		if (name->at[i] <= 32 || name->at[i] >= 127)
			return false;
	}
	return name->length > 0;
}

bool fields_next(struct span *rest, struct field *field)
{
	const char *start = rest->at, *body;
	struct span after = *rest, line;

	if (!fields_line(&after, &line) || !name_take(line, &field->name))
		return false;
	body = (const char *)memchr(start, ':', line.length) + 1;
	while (after.length > 0 && (after.at[0] == ' ' || after.at[0] == '\t'))
		(void)fields_line(&after, &line);
	field->whole = span_make(start, (size_t)(after.at - start));
	field->body = span_make(body, (size_t)(after.at - body));
	*rest = after;
	return true;
}

bool fields_find(struct span header, const char *name, struct field *field)
{
	while (fields_next(&header, field)) {
		if (span_is_nocase(field->name, name))
			return true;
	}
	return false;
}
