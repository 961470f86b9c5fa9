/* SPDX-License-Identifier: ISC */
/*
 * Bodies of what the resolver role is asked: everything about a destination in one
 * answer, so that who sends mail has no name server, no policy and no wait of its own.
 * An answer takes 80 s (HOSTS) or 20 s (NAMES) at most. The rules of daemon/message.h hold.
 */
#ifndef DAEMON_MESSAGE_RESOLVER_H
#define DAEMON_MESSAGE_RESOLVER_H

#include "daemon/message.h"

struct message_hosts {
	char domain[256]; /* A-label or U-label, lower case; or, with `host`, the name of a host */
	uint8_t host;     /* no MX lookup: addresses of that host */
	uint16_t port;    /* for TLSA */
	uint8_t dane, mta_sts; /* look for them */
};

enum hosts_outcome {
	HOSTS_FOUND,
	HOSTS_NONE,    /* the domain does not exist, or has neither MX nor address: 5.1.2 / 5.4.4 */
	HOSTS_NULL_MX, /* RFC 7505: takes no mail: 5.1.10 */
	HOSTS_TROUBLE, /* no answer, SERVFAIL, bogus DNSSEC: later, 4.4.3 */
};

#define HOSTS_MAX           32 /* MX hosts of a domain that are tried; the best ones */
#define HOSTS_ADDRESSES_MAX 16 /* of a host */
#define HOSTS_TLSA_MAX      16

struct hosts_tlsa { /* RFC 6698 */
	uint8_t usage, selector, matching;
	struct span data;
};

struct hosts_host {
	char name[256]; /* the MX host's; of a CNAME what it was asked as; TLSA base domain and
			   reference name */
	char base[256]; /* RFC 7672 section 2.2.2: the expanded name, where that is secure; "" =
			   name */
	uint16_t preference;
	uint8_t secure; /* MX, address and TLSA records were proved by DNSSEC: `tlsa` counts */
	uint8_t tlsa_trouble; /* secure, and the TLSA lookup failed: this host must not be used now
			       */
	uint32_t addresses_count;
	unsigned char addresses[HOSTS_ADDRESSES_MAX][16]; /* IPv4 as ::ffff:a.b.c.d */
	uint32_t tlsa_count;
	struct hosts_tlsa
		tlsa[HOSTS_TLSA_MAX]; /* usable ones; count 0 although there are some: `unusable` */
	uint8_t unusable; /* TLS is required, without authentication (RFC 7672 section 2.2) */
};

enum hosts_policy { HOSTS_POLICY_NONE, HOSTS_POLICY_TESTING, HOSTS_POLICY_ENFORCE };

struct message_hosts_found {
	enum hosts_outcome outcome;
	char text[200]; /* for a report: "no such domain", "the name servers of example.com do not
			   answer" */
	uint32_t good_for; /* seconds */
	uint8_t mx_secure;
	enum hosts_policy policy; /* MTA-STS; RFC 8461 */
	char policy_id[36];
	uint32_t patterns_count;
	char patterns[HOSTS_MAX][256]; /* "mx": "mail.example.com", "*.example.net" */
	uint32_t count;
	struct hosts_host
		hosts[HOSTS_MAX]; /* by preference, equal ones shuffled anew for each answer */
};

struct message_names {
	unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d */
};
struct message_names_found {
	uint8_t trouble; /* no answer of the name servers: nothing is known */
	uint32_t good_for;
	uint32_t count;
	char names[4][256]; /* of PTR records whose own addresses have this one; lower case */
};

void message_put_hosts(struct wire_writer *writer, const struct message_hosts *ask);
bool message_get_hosts(struct span body, struct message_hosts *ask);
void message_put_hosts_found(struct wire_writer *writer, const struct message_hosts_found *found);
bool message_get_hosts_found(struct span body, struct message_hosts_found *found);
void message_put_names(struct wire_writer *writer, const struct message_names *ask);
bool message_get_names(struct span body, struct message_names *ask);
void message_put_names_found(struct wire_writer *writer, const struct message_names_found *found);
bool message_get_names_found(struct span body, struct message_names_found *found);

#endif
