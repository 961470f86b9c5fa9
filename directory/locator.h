/* SPDX-License-Identifier: ISC */
/*
 * The servers of one directory: listed in the configuration or found by DNS
 * (SRV _ldap._tcp.dc._msdcs.<domain>, MS-ADTS 6.3.6.1), with what is known of
 * their health. Locked inside; the log's `directory.server` lines come from here.
 */
#ifndef DIRECTORY_LOCATOR_H
#define DIRECTORY_LOCATOR_H

#include "directory/server.h"

struct conf_directory;
struct locator;

/* NULL with *why (static) when a URI of the configuration is none. */
struct locator *locator_new(const struct conf_directory *conf, const char **why);
void locator_free(struct locator *locator);

/* Asks DNS again when it is time. Blocks; for the keeping thread. */
void locator_refresh(struct locator *locator);
/*
 * A copy of the server to try, addresses resolved; false when none may be tried
 * at `now` (when the round began: a server that failed since is left out). Blocks.
 */
bool locator_choose(struct locator *locator, int64_t now, struct server *server);
/* A copy of a server that is preferred to the selected one, so that it may be probed. */
bool locator_better(struct locator *locator, struct server *server);
/* When the next server may be tried, clock_ms. */
int64_t locator_next_try(struct locator *locator);

void locator_failed(struct locator *locator, const char *name, const char *reason);
void locator_succeeded(struct locator *locator, const struct server *server);
void locator_select(struct locator *locator, const char *name);
/* A copy of the server in use; false when there is none. Does not block. */
bool locator_selected(struct locator *locator, struct server *server);
/* The last thing that went wrong, for causes in the log. */
void locator_reason(struct locator *locator, char *to, size_t size);

#endif
