/* SPDX-License-Identifier: ISC */
/*
 * The servers of one directory: listed in the configuration, whose order then counts,
 * or found by DNS (MS-ADTS 6.3.6.1; RFC 2782 where it is no AD) and ranked by site,
 * priority, weight and latency. What is known of their health is kept here, for
 * lookups and for password checks apart: a controller whose certificate ran out still
 * answers Kerberos binds. A scout thread asks the DNS, learns the client's site and
 * measures. Locked inside; the log's `directory.server` lines come from here.
 */
#ifndef DIRECTORY_LOCATOR_H
#define DIRECTORY_LOCATOR_H

#include "directory/netlogon.h"
#include "directory/server.h"
#include "directory/srv.h"

struct conf_directory;
struct locator;

enum { LOCATOR_SERVERS_MAX = 64 };

/* NULL with *why (static) when a URI of the configuration is none. */
struct locator *locator_new(const struct conf_directory *conf, const char **why);
/* Other servers than of SRV_LDAP; before locator_start. */
void locator_serve(struct locator *locator, enum srv_service service);
/* The scout runs from here. */
void locator_start(struct locator *locator);
void locator_free(struct locator *locator);

/* Waits until the scout has been round once, `deadline` (clock_ms) at most. */
void locator_wait(struct locator *locator, int64_t deadline);
/*
 * A copy of the server to try for lookups, addresses resolved; false when none may be
 * tried at `now` (when the round began: a server that failed since is left out). May block.
 */
bool locator_choose(struct locator *locator, int64_t now, struct server *server);
/* The same of the servers that are preferred to the selected one, so that they may be probed. */
bool locator_better(struct locator *locator, int64_t now, struct server *server);
/* When the next server may be tried, clock_ms. */
int64_t locator_next_try(struct locator *locator);
/*
 * A copy of the server to send a password to: the selected one while it is up for that,
 * else the next best, if need be one that failed just now; never `but_not` (a name; NULL =
 * none). False when there is no other. Its end must be told. Does not block.
 */
bool locator_choose_password(struct locator *locator, const char *but_not, struct server *server);

void locator_failed(struct locator *locator, enum connection_use use, const char *name,
		    const char *reason);
void locator_succeeded(struct locator *locator, enum connection_use use, const char *name);
/* How long connecting took, microseconds. */
void locator_measured(struct locator *locator, const char *name, int64_t latency);
/* What the controller said about sites; true when our own was news. */
bool locator_told(struct locator *locator, const char *name, const struct netlogon *netlogon);
void locator_select(struct locator *locator, const char *name);
/* A copy of the server in use; false when there is none. Does not block. */
bool locator_selected(struct locator *locator, struct server *server);
/* The last thing that went wrong, for causes in the log. */
void locator_reason(struct locator *locator, char *to, size_t size);

/* Copies of all that is known, best first; how many. */
size_t locator_list(struct locator *locator, struct server servers[LOCATOR_SERVERS_MAX]);
/* The site that counts, as configured or learnt; "" = unknown. */
void locator_site(struct locator *locator, char to[SERVER_SITE_SIZE]);

#endif
