/* SPDX-License-Identifier: ISC */
/*
 * A bound connection on which the searches of many threads are in flight at
 * once: each sends; one of those that wait reads for all, the others sleep. A peer
 * 50 ms away costs latency, not throughput. Reference-counted: the last to let
 * go closes the connection.
 */
#ifndef DIRECTORY_LINK_H
#define DIRECTORY_LINK_H

#include "directory/search.h"

struct link;

enum ldap_link_outcome {
	LINK_ANSWERED,
	LINK_LOST, /* the connection is gone; the search may be asked elsewhere */
	LINK_SLOW  /* the server lives but did not answer this in time */
};

/*
 * Takes the connection over. A thread of its own watches it and calls `ended` once, as the last
 * thing it does, without locks: `why` is NULL after ldap_link_retire, else what broke; `frozen` =
 * the server stopped answering without closing.
 */
typedef void (*ldap_link_ended)(void *context, struct link *link, const char *why, bool frozen);
struct link *ldap_link_new(const struct connection *connection, ldap_link_ended ended,
			   void *context);
void ldap_link_hold(struct link *link);
void ldap_link_release(struct link *link);

enum ldap_link_outcome ldap_link_search(struct link *link, const struct search *search,
					int64_t deadline, struct search_result *result);
/* No new searches; ends when those in flight have their answers. */
void ldap_link_retire(struct link *link);
/* Ends now; everybody who waits gets LINK_LOST. */
void ldap_link_kill(struct link *link, const char *why);

bool ldap_link_is_usable(const struct link *link);
unsigned ldap_link_load(const struct link *link); /* searches in flight */
const char *ldap_link_server(const struct link *link);
int64_t ldap_link_born(const struct link *link);

#endif
