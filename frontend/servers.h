/* SPDX-License-Identifier: ISC */
/*
 * The servers of a frontend and their ports: made from the configuration, listening
 * with the sockets that the master hands over, accepting connections as far as limits
 * and descriptors permit.
 */
#ifndef FRONTEND_SERVERS_H
#define FRONTEND_SERVERS_H

#include <stddef.h>
#include <stdint.h>

struct frontend;
struct server;

/* Fills frontend->servers, and ->materials with how much TLS material is to come for them, and the
 * tally. */
void servers_make(struct frontend *frontend);
struct server *server_number(struct frontend *frontend,
			     uint32_t number);                     /* dies when it is not there */
void server_listen(struct server *server, uint32_t which, int fd); /* port `which`; dies likewise */
void servers_stop_listening(struct frontend *frontend);

size_t sessions_possible(void); /* as many as there are descriptors for */
/* After a session more or less: pauses the listeners when no descriptor is left for one, and
 * resumes them. */
void servers_make_room(struct frontend *frontend);
/* A session of that address that counted against the limits has ended. */
void server_uncount(struct server *server, const char *address);

#endif
