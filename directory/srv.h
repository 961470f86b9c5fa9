/* SPDX-License-Identifier: ISC */
/*
 * SRV records (RFC 2782): asked of the system's name servers with a short
 * patience and parsed from the raw answer.
 */
#ifndef DIRECTORY_SRV_H
#define DIRECTORY_SRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SRV_MAX = 32, SRV_HOST_SIZE = 256 };

struct srv {
	char host[SRV_HOST_SIZE]; /* without the final dot */
	uint16_t port, priority, weight;
};

/* The records of a raw DNS answer; at most SRV_MAX; anything malformed ends the reading. */
size_t srv_parse(const unsigned char *answer, size_t length, struct srv records[SRV_MAX]);
/*
 * The name under which a service's records stand (MS-ADTS 6.3.2.3): that of the site,
 * unless `site` is "". Without `active_directory` the plain RFC 2782 name, which knows
 * no sites. False when it is longer than a name can be.
 */
enum srv_service { SRV_LDAP, SRV_KERBEROS, SRV_GLOBAL_CATALOG };
bool srv_name(enum srv_service service, const char *domain, const char *site, bool active_directory,
	      char to[SRV_HOST_SIZE]);
/* Asks and parses; count, or 0 with *why (static). Blocks for a few seconds at most. */
size_t srv_query(const char *name, struct srv records[SRV_MAX], const char **why);

#endif
