/* SPDX-License-Identifier: ISC */
/*
 * The relay role: an event loop that takes jobs of the queue from the store role, finds
 * their hosts by the resolver role, connects, speaks SMTP or LMTP, and reports what came
 * of each recipient. It owns nothing: no disk, no secret, no name server. Here is what
 * its parts have in common.
 *
 * dial.c connects for frontends; pickup.c takes in files of pickup directories; take.c takes jobs; local.c places those for
 * mailboxes of ours; destination.c has the others, by where they go; courier.c is one connection
 * on the walk over a destination's
 * hosts, which targets.c puts in order and tls_policy.c judges.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <sys/queue.h>

#include "conf/conf.h"
#include "daemon/outgoing_job.h"
#include "daemon/role.h"

struct channel;
struct destination;
struct event;
struct event_base;
struct courier;
struct own_addresses;
struct table;
struct tls_client;
struct tls_reports;

TAILQ_HEAD(courier_queue, courier);
LIST_HEAD(destination_list, destination);

struct relay_authorities { /* who vouches for the certificates of others */
	const char *file;  /* "" = the system's */
	struct tls_client *tls;
};

struct relay {
	struct event_base *base;
	const struct role_start *begin;
	const struct conf *conf;
	struct channel *control, *directory, *store, *resolver; /* NULL while that role is away */
	unsigned store_epoch; /* counts the store's lives: handles do not outlive one */
	uint32_t exchanges;   /* numbers given to logins */
	struct relay_authorities *authorities;
	size_t authorities_count;
	struct own_addresses *own;
	struct table *destinations; /* name -> struct destination */
	struct destination_list all;
	struct table *troubled; /* addresses that failed lately */
	struct table *routes;   /* of the directory role: daemon/route_cache.h */
	struct tls_reports *reports;
	struct courier_queue idle; /* connections kept, the oldest first */
	struct event *tick;        /* every second */
	size_t jobs, jobs_max;     /* under way; at most */
	size_t untold;             /* over, and the store has not said that it knows */
	size_t takes;              /* questions for one that are open */
	size_t couriers;           /* connections, idle ones too */
	size_t files;              /* of pickup directories, under way */
	bool claiming;             /* a question for one is open */
	size_t dials;              /* connections that are being made for frontends: dial.c */
	bool retiring, draining;
};

/* take.c: asks for jobs, as many as there is room for. */
void relay_take(struct relay *relay);
/* All recipients have a result: tells the store, and takes another. */
void relay_job_over(struct relay *relay, struct outgoing_job *job);

/* Leaves the loop when it is retiring and nothing is under way. */
void relay_leave_if_done(struct relay *relay);
/* For the file of authorities; NULL: it could not be loaded. */
struct tls_client *relay_tls(const struct relay *relay, const char *file);

#endif
