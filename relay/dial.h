/* SPDX-License-Identifier: ISC */
/*
 * Connections for frontends (daemon/message_dial.h): the directory role says where a ticket leads,
 * the resolver role where that is, and the connected socket goes over the frontend's channel,
 * before an octet was read. Never anywhere but to the port of POP3.
 */
#ifndef RELAY_DIAL_H
#define RELAY_DIAL_H

#include "daemon/message.h"

struct relay;

enum {
	DIALS_MAX = 256,        /* under way */
	DIALS_OF_HOST_MAX = 64, /* one that does not answer keeps nobody from the others */
	DIAL_ADDRESSES_MAX = 4  /* of a host that are tried */
};

/* A frontend that the master introduces; the descriptor is the callee's. */
void dial_take_frontend(struct relay *relay, const struct message_peer *peer, int fd);

#endif
