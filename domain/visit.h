/* SPDX-License-Identifier: ISC */
/*
 * One call at one server, for the administrator's commands: connect, hear what the
 * server says about itself, bind, ask, leave. No pools, no cache, no retries; every
 * step ends by the directory's `timeout`.
 */
#ifndef DOMAIN_VISIT_H
#define DOMAIN_VISIT_H

#include "directory/person.h"
#include "directory/search.h"
#include "directory/srv.h"

struct credentials;
struct ticket;

struct visit {
	const struct conf_directory *conf;
	struct server server;
	struct connection connection;
	struct watchdog *watchdog;
	int64_t connect_ms, answer_ms; /* to connect; until the root entry was there */
	bool has_clock;
	int64_t clock_skew;          /* seconds the server's clock is ahead of ours */
	char host[SERVER_HOST_SIZE]; /* as the server calls itself; "" = it does not say */
	char base[PERSON_DN_SIZE], configuration[PERSON_DN_SIZE];
};

/* The controllers that the DNS names for the domain, best first; 0 with *why (static). */
size_t visit_find(const char *domain, struct srv servers[SRV_MAX], const char **why);
/*
 * Connects as the configuration says for that use, resolving the server's
 * name first, and reads the root entry. False with the reason; nothing to leave then.
 */
bool visit_begin(struct visit *visit, const struct conf_directory *conf,
		 const struct server *server, enum connection_use use,
		 char why[CONNECTION_TEXT_SIZE]);
void visit_end(struct visit *visit);
/* Binds with the administrator's ticket. */
bool visit_bind_ticket(struct visit *visit, const struct ticket *ticket,
		       char why[CONNECTION_TEXT_SIZE]);
/* Binds as the gateway's own account does. `password` is for a simple bind. */
bool visit_bind_service(struct visit *visit, struct credentials *credentials, struct span password,
			char why[CONNECTION_TEXT_SIZE]);
/* Entries are the caller's (search_result_clear). */
void visit_search(struct visit *visit, const struct search *search, struct search_result *result);
int64_t visit_deadline(const struct visit *visit);

#endif
