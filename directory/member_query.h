/* SPDX-License-Identifier: ISC */
/*
 * How a dynamic group says who its members are: a filter (RFC 4515) below a DN, as in
 * msExchDynamicDLFilter, or an LDAP URL (RFC 4516), as in memberURL. Written by whoever may write
 * the group's entry: capped in length and depth, and never asked of another server.
 */
#ifndef DIRECTORY_MEMBER_QUERY_H
#define DIRECTORY_MEMBER_QUERY_H

#include <stdbool.h>

enum { MEMBER_QUERY_MAX = 16384 /* octets */, MEMBER_QUERY_DEPTH = 100 /* parentheses */ };

struct member_query {
	char *base; /* NULL: the directory's own */
	int scope;  /* LDAP_SCOPE_... */
	char *filter;
};

/* `base` goes with a filter; NULL = none is said. False with *why (static). */
bool member_query_parse(const char *text, const char *base, struct member_query *query,
			const char **why);
void member_query_clear(struct member_query *query);

#endif
