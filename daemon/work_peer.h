/* SPDX-License-Identifier: ISC */
/*
 * Those who ask a worker: the peers that the master introduced, and the master
 * itself. A peer that is gone is kept until its last work is done and its last
 * answer sent. The list is the main thread's.
 */
#ifndef DAEMON_WORK_PEER_H
#define DAEMON_WORK_PEER_H

#include <pthread.h>

#include "daemon/work.h"

struct packet;

struct work_peer {
	struct message_peer who;
	int fd;
	unsigned held;         /* works not yet finished and answers to be sent; under work_lock */
	bool closed;           /* no more packets; freed when held is 0 */
	bool accused, unheard; /* said once */
	void *own;             /* what the plan's peer_new gave */
	struct work_peer *next;
};

/* Of peers, pools and held answers together: one turn under it ends a work and takes the next. */
extern pthread_mutex_t work_lock;

/* control: the channel to the master, who is told of culprits. */
void work_peers_begin(const struct work_plan *plan, int control);
void work_peers_end(void); /* when all works are done: frees every peer */
struct work_peer *work_peers_first(void);
size_t work_peers_count(void);

/* MESSAGE_PEER; dies when the master introduces nobody. */
void work_peer_introduce(const struct packet *packet);
void work_peer_close(struct work_peer *peer); /* nothing more is taken from it */
/* Under work_lock: the last one of a closed peer wakes the main thread, which buries it. */
void work_peer_release(struct work_peer *peer);
/* Frees those that are over; woken: work_wake was called. */
void work_peers_bury(bool woken);

/* From any thread. One that does not take its answers holds it for 5 s at most, and is accused. */
bool work_peer_send(struct work_peer *peer, const struct packet *packet);
/* Tells the master, once. */
void work_peer_accuse(struct work_peer *peer, const char *why, unsigned kind);
/* True the first time that is said of the peer: many threads may find the same wrong with it. */
bool work_peer_is_first(bool *said);

#endif
