/* SPDX-License-Identifier: ISC */
/*
 * What is asked of a directory and what comes back. A search for one person never wants
 * more than a few entries: more than one hit is an answer of its own.
 */
#ifndef DIRECTORY_SEARCH_H
#define DIRECTORY_SEARCH_H

#include <ldap.h>

#include "directory/connection.h"

struct entry;

enum { SEARCH_ENTRIES_MAX = 3 /* that a search wants */, SEARCH_ENTRIES_ROOM = 33 };

struct search {
	const char *base;
	int scope;
	const char *filter;
	const char *const *attributes; /* NULL-terminated */
	bool ad; /* send the domain-scope control: no continuation references */
	unsigned most; /* entries, up to SEARCH_ENTRIES_ROOM; 0 = SEARCH_ENTRIES_MAX */
};

struct search_result {
	int code; /* LDAP result code or negative API error */
	struct entry *entries[SEARCH_ENTRIES_ROOM];
	size_t count;
	char server[SERVER_NAME_SIZE];
	char diagnostic[CONNECTION_TEXT_SIZE];
};

/* Sends; the message id, -1 with *code. */
int search_send(LDAP *ldap, const struct search *search, int *code);
/* Reads the chain of messages and frees it. */
void search_take(LDAP *ldap, LDAPMessage *messages, struct search_result *result);
/* Both, waiting; for a connection that nobody else uses yet. */
void search_now(struct connection *connection, const struct search *search, int64_t deadline,
		struct search_result *result);
void search_result_clear(struct search_result *result);
/* The entries may be believed: all there are, or too many. */
bool search_succeeded(const struct search_result *result);

#endif
