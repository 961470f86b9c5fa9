/* SPDX-License-Identifier: ISC */
#include "directory/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "directory/entry.h"

static bool complain(char *why, size_t size, const struct parts *parts, const char *what)
{
	snprintf(why, size, "%.80s of %.160s: %.140s", parts->attribute, parts->dn, what);
	return false;
}

/* Does the part begin where the last one ended, and bring us further? */
static bool fits(struct parts *parts, const struct entry *entry, char *why, size_t size)
{
	size_t more = entry_more(entry, parts->attribute);
	int64_t changed = entry_number(entry, "uSNChanged", 0);
	struct span value;

	if (more == ENTRY_LOST)
		return complain(why, size, parts, "more values than can be taken");
	if (parts->next > 0 && (entry_first(entry, parts->attribute) != parts->next ||
				!entry_value(entry, parts->attribute, 0, &value)))
		return complain(why, size, parts, "the parts do not fit together");
	if (more > 0 && more <= parts->next)
		return complain(why, size, parts, "the parts do not end");
	if (parts->changed && changed != parts->changed)
		return complain(why, size, parts, "changed while it was being read");
	parts->changed = changed;
	parts->next = more;
	return true;
}

bool parts_read(struct parts *parts, int64_t deadline, struct entry **entry, char *why, size_t size)
{
	char *name = parts->next ? memory_format("%s;range=%zu-*", parts->attribute, parts->next)
				 : memory_text(parts->attribute);
	const char *attributes[] = { name, parts->ad ? "uSNChanged" : NULL, NULL };
	struct search search = { .base = parts->dn,
				 .scope = LDAP_SCOPE_BASE,
				 .filter = "(objectClass=*)",
				 .attributes = attributes,
				 .ad = parts->ad };
	struct search_result result;
	bool good = lookup_chain_search(parts->chain, &search, deadline, &result);

	*entry = NULL;
	if (!good)
		(void)complain(why, size, parts,
			       result.diagnostic[0] ? result.diagnostic
						    : ldap_err2string(result.code));
	else if (!search_is_whole(&result) || result.count != 1)
		good = complain(why, size, parts, "the entry is not there");
	else
		good = fits(parts, result.entries[0], why, size);
	if (good) {
		*entry = result.entries[0];
		result.count = 0;
	}
	search_result_clear(&result);
	free(name);
	return good;
}

static bool complete_attribute(struct parts *parts, struct entry *entry, int64_t deadline,
			       char *why, size_t size)
{
	struct entry *part;
	struct span value;

	while (parts->next) {
		bool room = true;

		if (!parts_read(parts, deadline, &part, why, size))
			return false;
		for (size_t i = 0; room && entry_value(part, parts->attribute, i, &value); i++)
			room = entry_add(entry, parts->attribute, value);
		entry_free(part);
		if (!room)
			return complain(why, size, parts, "more values than can be taken");
	}
	entry_set_part(entry, parts->attribute, 0, 0);
	return true;
}

bool parts_complete(struct lookup *lookup, struct entry *entry, const char *server, bool ad,
		    int64_t deadline, char *why, size_t size)
{
	struct lookup_chain chain;
	const char *attribute;
	bool good;

	if (!lookup_chain_begin(lookup, deadline, &chain, why, size))
		return false;
	good = strcmp(lookup_chain_server(&chain), server) == 0;
	if (!good)
		snprintf(why, size, "the server changed between two parts of an entry");
	while (good && (attribute = entry_incomplete(entry)) != NULL) {
		struct parts parts = { .chain = &chain,
				       .dn = entry_dn(entry),
				       .attribute = attribute,
				       .ad = ad,
				       .next = entry_more(entry, attribute) };

		good = parts.next != ENTRY_LOST
			       ? complete_attribute(&parts, entry, deadline, why, size)
			       : complain(why, size, &parts, "more values than can be taken");
	}
	lookup_chain_end(&chain);
	return good;
}
