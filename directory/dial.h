/* SPDX-License-Identifier: ISC */
/*
 * Host name to connected socket, with an end in time. The name lookup blocks as
 * long as the system's resolver does, so only the thread that keeps connections
 * resolves; everybody else dials the addresses it found.
 */
#ifndef DIRECTORY_DIAL_H
#define DIRECTORY_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { DIAL_ADDRESSES_MAX = 8 };

struct dial_addresses {
	struct sockaddr_storage address[DIAL_ADDRESSES_MAX]; /* without a port */
	size_t count;
};

/* False with *why (static). Gives up on a silent name server after a few seconds. */
bool dial_resolve(const char *host, struct dial_addresses *addresses, const char **why);
/* Its length with that. */
socklen_t dial_set_port(struct sockaddr_storage *address, uint16_t port);
/* A connected, blocking, close-on-exec socket; -1 with errno of the last address. */
int dial_connect(const struct dial_addresses *addresses, uint16_t port, int64_t deadline);
/* The peer is 127.0.0.0/8 or ::1. */
bool dial_peer_is_loopback(int descriptor);

#endif
