/* SPDX-License-Identifier: ISC */
#include "directory/member_query.h"

#include <ldap.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"

/* libldap goes into a filter as deep as its parentheses go. */
static bool is_filter(const char *text, const char **why)
{
	size_t depth = 0;

	*why = "no filter: it has to begin with \"(\"";
	if (text[0] != '(')
		return false;
	*why = "the filter's parentheses do not balance, or go too deep";
	for (; *text; text++) {
		if (*text == '(' && ++depth > MEMBER_QUERY_DEPTH)
			return false;
		if (*text == ')' && (depth == 0 || (--depth == 0 && text[1])))
			return false;
	}
	return depth == 0;
}

static bool take_url(const LDAPURLDesc *url, struct member_query *query, const char **why)
{
	const char *filter = url->lud_filter ? url->lud_filter : "(objectClass=*)";

	*why = "an LDAP URL that names a server is not followed: write \"ldap:///...\"";
	if (url->lud_host && url->lud_host[0])
		return false;
	*why = "an LDAP URL with a critical extension is not understood";
	if (url->lud_crit_exts > 0)
		return false;
	if (!is_filter(filter, why))
		return false;
	query->scope = url->lud_scope == LDAP_SCOPE_DEFAULT ? LDAP_SCOPE_BASE : url->lud_scope;
	query->base = url->lud_dn && url->lud_dn[0] ? memory_text(url->lud_dn) : NULL;
	query->filter = memory_text(filter);
	return true;
}

bool member_query_parse(const char *text, const char *base, struct member_query *query,
			const char **why)
{
	LDAPURLDesc *url = NULL;
	bool good;

	*query = (struct member_query){ .scope = LDAP_SCOPE_SUBTREE };
	*why = "too long";
	if (strlen(text) > MEMBER_QUERY_MAX)
		return false;
	if (!span_starts_nocase(span_text(text), "ldap:")) {
		if (!is_filter(text, why))
			return false;
		query->base = base && base[0] ? memory_text(base) : NULL;
		query->filter = memory_text(text);
		return true;
	}
	*why = "no LDAP URL";
	if (ldap_url_parse(text, &url) != LDAP_URL_SUCCESS)
		return false;
	good = take_url(url, query, why);
	ldap_free_urldesc(url);
	return good;
}

void member_query_clear(struct member_query *query)
{
	free(query->base);
	free(query->filter);
	*query = (struct member_query){ .base = NULL };
}
