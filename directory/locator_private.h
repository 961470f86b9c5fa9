/* SPDX-License-Identifier: ISC */
/* Shared by locator.c (whom to ask), locator_state.c (what is told) and scout.c (the thread that
 * finds out). */
#ifndef DIRECTORY_LOCATOR_PRIVATE_H
#define DIRECTORY_LOCATOR_PRIVATE_H

#include <stdatomic.h>

#include "directory/locator.h"
#include "directory/threads.h"

enum { LOCATOR_STALE_MS = 10 * 60 * 1000 }; /* addresses older than this are looked up anew */

struct locator {
	const struct conf_directory *conf;
	enum srv_service service; /* SRV_LDAP, unless locator_serve says so */
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* the first round is over; the scout has to stop or to go */
	struct server servers[LOCATOR_SERVERS_MAX];
	size_t count;
	char selected[SERVER_NAME_SIZE];
	char reason[SERVER_REASON_SIZE + SERVER_NAME_SIZE + 4];
	char site[SERVER_SITE_SIZE];      /* ours; "" = unknown */
	char next_site[SERVER_SITE_SIZE]; /* the closest other one */
	bool explored;                    /* the scout has been round */
	bool hurry;                       /* the site changed: the scout has work */
	bool running;
	atomic_bool stop;
	pthread_t scout;
};

/* The mutex is held. */
struct server *locator_find(struct locator *locator, const char *name);
/* Blocks for the name service unless fresh addresses are known; false when there are none at all.
 */
bool locator_resolve(struct locator *locator, struct server *copy);
void *scout_run(void *locator);

#endif
