/* SPDX-License-Identifier: ISC */
/*
 * The first line is a DN, the rest a dynamic group's filter or LDAP URL, and an attribute
 * description with a range: what is taken of it is whole, and normal forms stay as they are.
 */
#include "directory/member_query.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"
#include "directory/dn.h"
#include "directory/range.h"

static void check_dn(const char *dn)
{
	char *normal = dn_normal(dn), *again;
	char domain[64];

	assert(!normal || dn_valid(dn));
	if (normal) {
		again = dn_normal(normal);
		assert(again && strcmp(again, normal) == 0);
		free(again);
	}
	(void)dn_domain(dn, domain, sizeof(domain));
	free(normal);
}

static void check_range(const char *text)
{
	struct range range;

	if (range_parse(text, &range))
		assert(range.name <= strlen(text) && (!range.next || range.next > range.first));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_make(data, size), line;
	struct member_query query;
	const char *why = NULL;
	char *base, *text;

	if (!span_cut(&rest, '\n', &line))
		return 0;
	base = memory_text_n(line.at, line.length);
	text = memory_text_n(rest.at, rest.length);
	check_dn(base);
	check_range(text);
	if (member_query_parse(text, base, &query, &why)) {
		assert(query.filter && query.filter[0] == '(');
		assert(strlen(query.filter) <= MEMBER_QUERY_MAX);
	} else {
		assert(why && !query.filter);
	}
	member_query_clear(&query);
	free(base);
	free(text);
	return 0;
}
