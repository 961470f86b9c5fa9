/* SPDX-License-Identifier: ISC */
/*
 * MTA-STS policies by HTTPS (RFC 8461 section 3.3): libcurl on the event loop. One
 * GET of one path from a host whose addresses are given, so that libcurl looks up
 * nothing; no redirects, no cookies, no proxy, 64 KiB and a minute at most.
 */
#ifndef RESOLVER_FETCH_H
#define RESOLVER_FETCH_H

#include "base/span.h"

struct event_base;
struct fetches;
struct tls_trust;

/* Before the sandbox: libcurl makes its sockets here. */
struct fetches *fetches_new(struct event_base *base, const struct tls_trust *trust);

/* body: valid during the call; body.at NULL with why where there is no policy. */
typedef void (*fetch_done)(void *context, struct span body, const char *why);

/*
 * host: "mta-sts.example.com"; addresses: numeric, with commas, at least one. Calls done exactly
 * once, not from inside.
 */
void fetch_policy(struct fetches *fetches, const char *host, const char *addresses, fetch_done done,
		  void *context);

#endif
