/* SPDX-License-Identifier: ISC */
/*
 * Where some jobs go: their hop by our own configuration, what the resolver says of its
 * hosts, the jobs that wait, and the connections (relay/courier.h). There is one for each
 * virtual server, key and wish for REQUIRETLS (RFC 8689) that has something to do.
 */
#ifndef RELAY_DESTINATION_H
#define RELAY_DESTINATION_H

#include "relay/lookup.h"
#include "relay/relay.h"
#include "relay/targets.h"
#include "routing/next_hop.h"

struct destination {
	struct relay *relay;
	char *name; /* its key in relay->destinations */
	const struct conf_smtp *server;
	const struct conf_outbound *outbound;
	struct next_hop hop;
	bool requiretls;
	struct lookup lookups[2];           /* of the hosts; behind "direct first" the smart host */
	unsigned lookups_count;             /* 0: the host is an address */
	struct outgoing_job *first, **last; /* waiting */
	size_t waiting;
	TAILQ_HEAD(, courier) couriers; /* that are connecting or busy */
	size_t couriers_count, connecting;
	struct courier_queue idle; /* the one used last is the first */
	int64_t crowded_until;     /* clock_ms: no further connection while others do it */
	unsigned leaving, depth;
	LIST_ENTRY(destination) all;
};

enum { DESTINATION_FIXED = 1 }; /* target.source: the smart host behind "direct first" */

/* Takes over a job: it is sent, or has results, in time. */
void destination_give(struct relay *relay, struct outgoing_job *job);
/* A job comes back, to go to another host. */
void destination_return(struct destination *destination, struct outgoing_job *job);
/* The next one that waits; NULL. */
struct outgoing_job *destination_next(struct destination *destination);
/* Gives jobs to connections, opens what is missing; frees the destination when it is idle. */
void destination_pump(struct destination *destination);
/* All that waits gets this result. */
void destination_fail(struct destination *destination, enum queue_verdict verdict,
		      const char *status, const char *text, bool dead);
/* Every second: questions for a resolver that was away. */
void destinations_tick(struct relay *relay);
/* Jobs that wait go back without a result; with `cut` what is being sent is cut off: the store is
 * gone, and whoever asks it next will send all that again. */
void destinations_drop_jobs(struct relay *relay, bool cut);

/* destination_hosts.c: what the resolver is to be asked; whether it has answered all of it. */
void destination_find_hosts(struct destination *destination);
bool destination_hosts_known(struct destination *destination);
/* The addresses to try, in order; 0: none, and all that waits has its results. */
size_t destination_targets(struct destination *destination, struct target targets[TARGETS_MAX]);
/* The settings that count for a target. */
const struct conf_login *destination_login(const struct destination *destination,
					   const struct target *target);
enum conf_tls_out destination_tls(const struct destination *destination);
const char *destination_authorities(const struct destination *destination);
bool destination_is_mx(const struct destination *destination, const struct target *target);

#endif
