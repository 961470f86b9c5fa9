/* SPDX-License-Identifier: ISC */
/*
 * Where this gateway itself takes mail: a host that is among these is no way out
 * (RFC 5321 section 5.1).
 */
#ifndef RELAY_OWN_ADDRESS_H
#define RELAY_OWN_ADDRESS_H

#include "conf/conf.h"

struct own_addresses;

/* Looks at the machine's interfaces for listeners on "*": before the sandbox. */
struct own_addresses *own_addresses_new(const struct conf *conf);
void own_addresses_free(struct own_addresses *own);
/* IPv4 as ::ffff:a.b.c.d */
void own_addresses_add(struct own_addresses *own, const unsigned char address[16], uint16_t port);
bool own_addresses_has(const struct own_addresses *own, const unsigned char address[16],
		       uint16_t port);
/* A host by the name of one of our servers, on a port that this one listens on. */
bool own_addresses_named(const struct own_addresses *own, const char *host, uint16_t port);

#endif
