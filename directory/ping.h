/* SPDX-License-Identifier: ISC */
/*
 * LDAP pings over UDP to several controllers at once: who answers, how fast, with what.
 * No answer proves nothing: port 389/udp is often closed by firewalls.
 */
#ifndef DIRECTORY_PING_H
#define DIRECTORY_PING_H

#include "directory/dial.h"
#include "directory/netlogon.h"

struct ping {
	const struct dial_addresses
		*addresses; /* the first that a datagram can be sent to is used */
	uint16_t port;
	bool answered;
	int64_t latency; /* microseconds */
	struct netlogon netlogon;
	int socket; /* its own; -1 outside ping_all */
	int64_t sent;
	uint32_t id;
};

/* Fills `answered` and what follows from it; returns when all have answered, or after `patience`
 * ms. */
void ping_all(struct ping *pings, size_t count, const char *dns_domain, int patience);

#endif
