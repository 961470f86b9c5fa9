/* SPDX-License-Identifier: ISC */
/*
 * One directory server: where it is, how near, how healthy. And the order in which
 * servers are preferred: up before down; then by site; then by priority (RFC 2782,
 * or the place in the configuration); then by the weighted draw, in which the nearer
 * of two servers of one weight comes first. Pure: the caller passes the time
 * (clock_ms) and does the locking.
 */
#ifndef DIRECTORY_SERVER_H
#define DIRECTORY_SERVER_H

#include "directory/breaker.h"
#include "directory/dial.h"

enum {
	SERVER_HOST_SIZE = 256,
	SERVER_NAME_SIZE = SERVER_HOST_SIZE + 16,
	SERVER_REASON_SIZE = BREAKER_REASON_SIZE,
	SERVER_SITE_SIZE = 64,
};

enum connection_use {
	CONNECTION_FOR_LOOKUPS,   /* GSSAPI brings its own encryption, unless the URI says ldaps */
	CONNECTION_FOR_PASSWORDS, /* TLS, or plain_loopback on a loopback address */
	CONNECTION_USES
};

enum server_tier { SERVER_OWN_SITE, SERVER_NEXT_SITE, SERVER_ELSEWHERE };

struct server {
	char host[SERVER_HOST_SIZE];
	char name[SERVER_NAME_SIZE]; /* "ldap://host:port", for people and as its key */
	uint16_t port;
	bool implicit;               /* ldaps */
	bool gone;                   /* no longer in DNS */
	bool paused;                 /* its netlogon service says it does not want to be used */
	bool selected;               /* in copies: lookups go there */
	char site[SERVER_SITE_SIZE]; /* as it says itself; "" = unknown */
	enum server_tier tier;
	unsigned priority, weight; /* lower, higher is preferred */
	unsigned place;            /* among those of its tier and priority, server_rank() */
	int64_t latency;           /* microseconds, smoothed; 0 = not measured */
	struct breaker breakers[CONNECTION_USES];
	struct dial_addresses addresses; /* as last resolved */
	int64_t resolved;                /* when; 0 = never */
};

/* "ldap://host", "ldaps://host:port", "ldap://[::1]:389"; false with *why (static). */
bool server_parse(const char *uri, struct server *server, const char **why);
void server_set(struct server *server, const char *host, uint16_t port, bool implicit,
		unsigned priority);
void server_measured(struct server *server, int64_t microseconds);
/* Places by the draw; `random` gives numbers below its argument. */
void server_draw(struct server *servers, size_t count, uint32_t (*random)(uint32_t below));
/* Gives each weight's places to the servers of that weight by latency. */
void server_rank(struct server *servers, size_t count);
/*
 * The one to try now; never one whose breaker does not admit, nor `but_not` (a name,
 * NULL = none). count when there is none.
 */
size_t server_choose(const struct server *servers, size_t count, enum connection_use use,
		     const char *but_not, int64_t now);
/* In the order for lookups, those that are gone last. */
bool server_precedes(const struct server *a, const struct server *b);
/* So much so that it is worth leaving the other: by site, priority, or half the latency. */
bool server_is_preferred(const struct server *server, const struct server *to);

#endif
