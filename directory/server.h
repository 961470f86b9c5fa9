/* SPDX-License-Identifier: ISC */
/*
 * One directory server: where it is, how much it is preferred, and its circuit
 * breaker. Pure: the caller passes the time (clock_ms) and does the locking.
 */
#ifndef DIRECTORY_SERVER_H
#define DIRECTORY_SERVER_H

#include "directory/dial.h"

enum { SERVER_HOST_SIZE = 256, SERVER_NAME_SIZE = SERVER_HOST_SIZE + 16, SERVER_REASON_SIZE = 200 };

struct server {
	char host[SERVER_HOST_SIZE];
	char name[SERVER_NAME_SIZE]; /* "ldap://host:port", for people and as its key */
	uint16_t port;
	bool implicit; /* ldaps */
	unsigned rank; /* lower is preferred; equal is as good */
	bool gone;     /* no longer in DNS */
	bool down;     /* the last attempt failed */
	unsigned failures;
	int64_t retry; /* not to be tried before */
	char reason[SERVER_REASON_SIZE];
	struct dial_addresses addresses; /* as resolved at the last attempt */
};

/* "ldap://host", "ldaps://host:port", "ldap://[::1]:389"; false with *why (static). */
bool server_parse(const char *uri, struct server *server, const char **why);
void server_set(struct server *server, const char *host, uint16_t port, bool implicit,
		unsigned rank);
/* True when the server was up until now: worth a line in the log. */
bool server_failed(struct server *server, const char *reason, int64_t now);
bool server_succeeded(struct server *server); /* true when it was down */
/*
 * The one to try now: up before down, then by rank; never one whose retry time
 * has not come. count when there is none.
 */
size_t server_choose(const struct server *servers, size_t count, int64_t now);

#endif
