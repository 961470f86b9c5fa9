/* SPDX-License-Identifier: ISC */
/*
 * Searches of one directory from many threads, over a few links that a keeping
 * thread makes, renews before AD's 900 s, moves to another server when one fails
 * and back when the preferred one returns. Askers never connect: they wait for a
 * link until their deadline, and while no server can be reached they are told so
 * at once.
 */
#ifndef DIRECTORY_LOOKUP_H
#define DIRECTORY_LOOKUP_H

#include "directory/facts.h"
#include "directory/search.h"

struct conf_directory;
struct credentials;
struct locator;
struct lookup;

/* What the keeper works with; all outlives the lookup. `password` of the service's simple bind. */
struct lookup_tools {
	const struct conf_directory *conf;
	struct locator *locator;
	struct credentials *credentials; /* NULL for simple binds */
	struct span password;
	struct watchdog *watchdog;
};

struct lookup *lookup_new(const struct lookup_tools *tools); /* the keeper runs from here */
void lookup_free(struct lookup *lookup);                     /* nobody may be searching */

/*
 * True: an answer that may be believed (search_succeeded). False: there is none,
 * result->diagnostic says why. A lost connection costs one retry elsewhere. A base
 * of NULL is the directory's own. The caller clears the result either way.
 */
bool lookup_search(struct lookup *lookup, const struct search *search, int64_t deadline,
		   struct search_result *result);
/*
 * Searches that one server must answer on one connection: parts of an attribute, pages. Nothing is
 * asked again elsewhere: a connection that is lost ends the chain.
 */
struct link;
struct lookup_chain {
	struct lookup *lookup;
	struct link *link;
};
/* False with *why; nothing to end then. */
bool lookup_chain_begin(struct lookup *lookup, int64_t deadline, struct lookup_chain *chain,
			char *why, size_t size);
bool lookup_chain_search(struct lookup_chain *chain, const struct search *search, int64_t deadline,
			 struct search_result *result);
const char *lookup_chain_server(const struct lookup_chain *chain);
void lookup_chain_end(struct lookup_chain *chain);

/* No server could be reached the last time it was tried. */
bool lookup_is_down(struct lookup *lookup);
/* False while they are not known and cannot be had by the deadline. */
bool lookup_facts(struct lookup *lookup, int64_t deadline, struct facts *facts);

#endif
