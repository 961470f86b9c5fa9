/* SPDX-License-Identifier: ISC */
#include "mail/authors.h"

#include <string.h>

#include "mail/fields.h"
#include "mail/mailboxes.h"

static bool same(const struct address *a, const struct address *b)
{
	return strcmp(a->local, b->local) == 0 && strcmp(a->domain, b->domain) == 0;
}

static void add(struct authors *authors, struct address *address)
{
	ascii_lower_text(address->domain);
	for (size_t i = 0; i < authors->count; i++)
		if (same(&authors->at[i], address))
			return;
	if (authors->count == AUTHORS_MAX)
		authors->why = "too many addresses";
	else
		authors->at[authors->count++] = *address;
}

static void read_field(const struct field *field, struct authors *authors)
{
	struct mailboxes list;
	struct address address;

	mailboxes_init(&list, field->body);
	while (mailboxes_next(&list, &address))
		add(authors, &address);
	if (list.why)
		authors->why = list.why;
}

void authors_read(struct span header, bool whole, struct authors *authors)
{
	struct span text;
	struct field field;

	authors->count = 0;
	authors->why = NULL;
	while (!authors->why && fields_next(&header, &field))
		if (span_is_nocase(field.name, "From") || span_is_nocase(field.name, "Sender"))
			read_field(&field, authors);
	/* A line that is no field ends the header for us; others may read on behind it. */
	if (!authors->why && (!whole || (fields_line(&header, &text) && text.length > 0)))
		authors->why = "the header cannot be read to its end";
}
