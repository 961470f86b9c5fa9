/* SPDX-License-Identifier: ISC */
/*
 * A connection of a destination. courier_walk.c tries its addresses until one is ready;
 * courier_send.c sends jobs on it; courier.c has its states: when it has nothing to do it
 * waits a few seconds for more, then says goodbye. A job whose connection breaks before
 * the server had a say goes on to the next address.
 */
#ifndef RELAY_COURIER_H
#define RELAY_COURIER_H

#include "daemon/outgoing_session.h"
#include "relay/destination.h"
#include "relay/numeric.h"
#include "relay/tls_policy.h"

enum courier_state { COURIER_CONNECTING, COURIER_BUSY, COURIER_IDLE, COURIER_LEAVING };

struct courier {
	struct destination *destination;
	TAILQ_ENTRY(courier) near, kept; /* in the destination; in relay->idle */
	enum courier_state state;
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

/* False: there is no address to try, and all that waited has its results. courier_walk.c */
bool courier_open(struct destination *destination);
/* To the next address, or again over all of them: when the present one has ended. */
void courier_go_on(struct courier *courier, bool from_start);
void courier_failed(struct courier *courier, const char *status, const char *why, bool never);
bool courier_troubled(struct relay *relay, const unsigned char address[16], uint16_t port);
void courier_note_trouble(struct courier *courier, bool troubled);

/* courier_send.c: an idle one, or one that is ready, takes what waits. */
void courier_use(struct courier *courier);
extern const struct outgoing_calls courier_calls;

/* courier.c */
struct courier *courier_new(struct destination *destination);
void courier_become(struct courier *courier, enum courier_state state);
void courier_drop_session(struct courier *courier);
void courier_free(struct courier *courier); /* its job is gone already */
void courier_leave(struct courier *courier);
/* All of a destination that have a job: the store that wants to know is gone. */
void couriers_cut(struct destination *destination);
/* Ends those that were idle too long; all of them when `all`. */
void couriers_tick(struct relay *relay, bool all);

#endif
