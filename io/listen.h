/* SPDX-License-Identifier: ISC */
/* Listening sockets: bound by the master, accepted from by frontends. */
#ifndef IO_LISTEN_H
#define IO_LISTEN_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct listener;

/* Binds and listens (SO_REUSEADDR; "*" is one IPv6 socket that takes IPv4 too, or IPv4 where there is no IPv6).
 * -1 with *why: "cannot listen on 192.0.2.1:25: Address already in use". */
int listen_bind(const char *address, uint16_t port, char *why, size_t size);

/* fd: non-blocking, close-on-exec, TCP_NODELAY; address: numeric text of the peer, IPv4-mapped shown as IPv4. */
typedef void (*listener_accepted)(void *context, int fd, const char *address);

/* Takes accepted connections from the loop, several a turn. Out of descriptors: stops for a second, then tries again. */
struct listener *listener_new(struct event_base *base, int fd, listener_accepted accepted, void *context);
void listener_pause(struct listener *listener);
void listener_resume(struct listener *listener);
void listener_free(struct listener *listener); /* closes */

#endif
