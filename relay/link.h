/* SPDX-License-Identifier: ISC */
/*
 * A connection of a destination. link_walk.c tries its addresses until one is ready;
 * link_send.c sends jobs on it; link.c has its states: when it has nothing to do it
 * waits a few seconds for more, then says goodbye. A job whose connection breaks before
 * the server had a say goes on to the next address.
 */
#ifndef RELAY_LINK_H
#define RELAY_LINK_H

#include "daemon/outgoing_session.h"
#include "relay/destination.h"
#include "relay/numeric.h"
#include "relay/tls_policy.h"

enum link_state { LINK_CONNECTING, LINK_BUSY, LINK_IDLE, LINK_LEAVING };

struct link {
	struct destination *destination;
	TAILQ_ENTRY(link) near, kept; /* in the destination; in relay->idle */
	enum link_state state;
	struct outgoing_session *session;
	/* The walk. */
	struct target targets[TARGETS_MAX];
	size_t targets_count, next;       /* the one after the present */
	bool all_never;                   /* every address so far has refused us for good */
	struct smtp_client_reply failure; /* of the last address, with its name in front */
	char failed_host[256];
	/* The present address, and what the connection must have. */
	struct outgoing_way way;
	struct tls_policy policy;
	char host[256], address[NUMERIC_SIZE];
	const char *names[2];
	struct tls_record records[HOSTS_TLSA_MAX];
	char *record_memory;
	/* The job. */
	struct outgoing_job *job;
	unsigned sent; /* messages, on this connection */
	char sender[ADDRESS_TEXT_SIZE];
	bool reused;            /* it has carried another before */
	bool broken, after_dot; /* recipients without an answer; the server has the message */
	struct smtp_client_reply breaking;
	int64_t idle_since; /* clock_ms */
};

/* False: there is no address to try, and all that waited has its results. link_walk.c */
bool link_open(struct destination *destination);
/* To the next address, or again over all of them: when the present one has ended. */
void link_go_on(struct link *link, bool from_start);
void link_failed(struct link *link, const char *status, const char *why, bool never);
bool link_troubled(struct relay *relay, const unsigned char address[16], uint16_t port);
void link_note_trouble(struct link *link, bool troubled);

/* link_send.c: an idle one, or one that is ready, takes what waits. */
void link_use(struct link *link);
extern const struct outgoing_calls link_calls;

/* link.c */
struct link *link_new(struct destination *destination);
void link_become(struct link *link, enum link_state state);
void link_drop_session(struct link *link);
void link_free(struct link *link); /* its job is gone already */
void link_leave(struct link *link);
/* All of a destination that have a job: the store that wants to know is gone. */
void links_cut(struct destination *destination);
/* Ends those that were idle too long; all of them when `all`. */
void links_tick(struct relay *relay, bool all);

#endif
