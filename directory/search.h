/* SPDX-License-Identifier: ISC */
/*
 * What is asked of a directory and what comes back. A search for one person never wants more than a
 * few entries: more than one hit is an answer of its own. Who wants many says how many, or asks for
 * them a page at a time (RFC 2696), each page with the cookie of the one before, on one connection.
 */
#ifndef DIRECTORY_SEARCH_H
#define DIRECTORY_SEARCH_H

#include <ldap.h>

#include "directory/connection.h"

struct entry;

enum { SEARCH_ENTRIES_MAX = 3 /* that a search wants who says nothing */ };

struct search {
	const char *base;
	int scope;
	const char *filter;
	const char *const *attributes; /* NULL-terminated */
	bool ad;            /* send the domain-scope control: no continuation references */
	bool deleted;       /* entries that AD has deleted, too (MS-ADTS 3.1.1.3.4.1.14) */
	unsigned most;      /* entries; 0 = SEARCH_ENTRIES_MAX */
	unsigned page;      /* entries a page; 0 = not by pages. `most` then does not count */
	struct span cookie; /* of the page before; empty for the first one */
};

struct search_result {
	int code; /* LDAP result code or negative API error */
	struct entry **entries;
	size_t count, room, most; /* no more than `most` are taken */
	bool cut;                 /* the server gave more than was asked for */
	char *cookie;             /* there are further pages; NULL = there are none */
	size_t cookie_length;
	char server[SERVER_NAME_SIZE];
	char diagnostic[CONNECTION_TEXT_SIZE];
};

/* Before a search is sent. */
void search_result_start(struct search_result *result, const struct search *search);
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
/* All entries that there are came, or all of the page. */
bool search_is_whole(const struct search_result *result);

#endif
