/* SPDX-License-Identifier: ISC */
/*
 * One question for the hosts of a domain, in steps: the MX records; the addresses of
 * each host; where all of that is proved, its TLSA records; besides, the MTA-STS policy.
 */
#ifndef RESOLVER_HOSTS_H
#define RESOLVER_HOSTS_H

#include "resolver/resolver.h"

struct sts_kept;

struct hosts_waiter {
	hosts_answer answer;
	void *context;
	struct hosts_waiter *next;
};

struct hosts_one { /* a host on its way into the answer */
	struct hosts_job *job;
	struct hosts_host host;
	char canonical[DNS_NAME_SIZE]; /* where the CNAMEs of its name lead; "" = it has none */
	unsigned pending;
	bool addresses_secure, addresses_doubt, alias;
	bool alias_alone; /* of all that leads to its addresses only the first alias is proved */
	bool asking_base; /* the TLSA question under way is for `canonical` */
	char *tlsa[HOSTS_TLSA_MAX]; /* what host.tlsa points to */
};

struct hosts_job {
	struct resolver *resolver;
	struct message_hosts ask;
	char domain[DNS_NAME_SIZE]; /* A-labels */
	bool implicit; /* no MX: the domain itself is the host (RFC 5321 section 5.1) */
	unsigned pending;
	uint32_t ttl;
	struct hosts_one *hosts;
	size_t hosts_count;
	struct sts_kept *policy;
	enum hosts_outcome outcome;
	char text[200]; /* "": what becomes of the hosts decides */
	bool mx_secure;
	struct hosts_waiter *waiters;
	struct hosts_job *next;
};

/* hosts_address.c: looks up addresses and TLSA of job->hosts; each ends with job_step. */
void hosts_one_begin(struct hosts_one *one);
void hosts_one_clear(struct hosts_one *one);

/* hosts.c: one of job->pending is done; with the last one the job is over. */
void hosts_job_step(struct hosts_job *job);
void hosts_job_ttl(struct hosts_job *job, uint32_t ttl);

/* hosts_found.c: the answer from all that was found out; for free(), and what it points to is the
 * job's. */
struct message_hosts_found *hosts_found_make(struct hosts_job *job);
void hosts_found_say(struct hosts_job *job, enum hosts_outcome outcome, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Hosts of one preference in a new order (RFC 5321 section 5.1). */
void hosts_found_shuffle(struct message_hosts_found *found);

#endif
