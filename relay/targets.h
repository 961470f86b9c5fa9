/* SPDX-License-Identifier: ISC */
/*
 * In which order the hosts of a destination are tried (RFC 5321 section 5.1): by
 * preference, equal ones in chance order, all addresses of a host before the next,
 * those that failed lately last. Hosts that are ourselves are left out, and all that
 * are not preferred to them. Pure but for the chance.
 */
#ifndef RELAY_TARGETS_H
#define RELAY_TARGETS_H

#include "daemon/message_resolver.h"

#define TARGETS_MAX 10 /* addresses tried in one attempt */

struct target {
	char host[256]; /* name, or the address as text */
	unsigned char address[16];
	uint16_t port;
	uint8_t source; /* the asker's: which of his lookups */
	uint8_t plain;  /* the courier's: TLS failed there, and need not be */
};

struct targets_rules {
	bool (*own)(void *context, const char *host, const unsigned char address[16],
		    uint16_t port);
	bool (*troubled)(void *context, const unsigned char address[16], uint16_t port);
	void *context;
};

/*
 * Adds to targets, of which there are `count`; returns how many there are then. *loops: the best
 * host is ourselves, and so nothing was added.
 */
size_t targets_add(struct target targets[TARGETS_MAX], size_t count,
		   const struct message_hosts_found *found, uint16_t port, uint8_t source,
		   const struct targets_rules *rules, bool *loops);

#endif
