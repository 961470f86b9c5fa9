/* SPDX-License-Identifier: ISC */
/* Entries read again by their identities, many in one search: for sessions that are open. */
#include <string.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "directory/directory_private.h"
#include "directory/entry.h"
#include "directory/escape.h"
#include "directory/lookup.h"

enum { UUID_DIGITS = 32, UUID_TEXT = 36 };

static void add_equal(struct buffer *filter, const char *attribute, struct span value)
{
	buffer_add_format(filter, "(%s=", attribute);
	escape_filter_value(filter, value);
	buffer_add(filter, ")", 1);
}

/* identity_text backwards. A UUID is matched in its text form (RFC 4530 section 2.1). */
void ldap_add_identity(struct buffer *filter, const struct conf_schema *schema, const char *id)
{
	char bytes[UUID_TEXT + 1];
	size_t length = strlen(id), used = 0;

	if (!schema->active_directory && length == UUID_DIGITS) {
		for (size_t i = 0; i < UUID_DIGITS; i++) {
			if (i == 8 || i == 12 || i == 16 || i == 20)
				bytes[used++] = '-';
			bytes[used++] = id[i];
		}
		add_equal(filter, schema->attribute[CONF_ATTRIBUTE_ID], span_make(bytes, used));
		return;
	}
	if (!schema->active_directory)
		add_equal(filter, schema->attribute[CONF_ATTRIBUTE_ID], span_text(id));
	if (hex_decode(span_text(id), bytes, sizeof(bytes), &used))
		add_equal(filter, schema->attribute[CONF_ATTRIBUTE_ID], span_make(bytes, used));
}

/* False when the entry cannot be read as a person. */
static bool take(const struct directory *directory, const struct entry *entry,
		 struct directory_again *again, size_t count)
{
	struct person person;
	const char *why;
	char trouble[MAILBOXES_WHY];

	if (!person_read(entry, &directory->section->schema, directory->conf, clock_unix(), &person,
			 &why) ||
	    !directory_apply_lock(directory, &person, trouble))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(again[i].id, person.id) != 0)
			continue;
		again[i].there = true;
		again[i].kind = person.kind;
		again[i].state = person.state;
		again[i].password_set = person_password_set(entry, ACCOUNT_ABSENT);
	}
	return true;
}

bool ldap_read_again(struct directory *directory, int64_t deadline, struct directory_again *again,
		     size_t count)
{
	struct buffer filter = BUFFER_EMPTY;
	struct search_result result;
	struct search search = {
		.scope = LDAP_SCOPE_SUBTREE,
		.attributes = directory->attributes,
		.ad = directory->section->schema.active_directory,
		.most = DIRECTORY_AGAIN_MAX + 1,
	};
	bool good;

	buffer_add(&filter, "(|", 2);
	for (size_t i = 0; i < count; i++) {
		again[i].there = false;
		ldap_add_identity(&filter, &directory->section->schema, again[i].id);
	}
	buffer_add(&filter, ")", 2); /* and the NUL */
	search.filter = buffer_bytes(&filter);
	good = lookup_search(directory->lookup, &search, deadline, &result) &&
	       result.code == LDAP_SUCCESS;
	for (size_t i = 0; good && i < result.count; i++)
		good = take(directory, result.entries[i], again, count);
	search_result_clear(&result);
	buffer_clear(&filter);
	return good;
}
